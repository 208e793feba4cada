"""Link: references resolved, digests recomputed, releases put in order."""

from muniment.link.freezing import manifest
from muniment.link.lineage import version_key
from muniment.link.stage import link

__all__ = ["link", "manifest", "version_key"]
