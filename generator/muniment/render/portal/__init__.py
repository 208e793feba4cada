"""The last step of a portal: from Markdown to a site that opens from `file://`.

MkDocs is used here and nowhere else; another engine can take its place without a page changing.
"""

from muniment.render.portal.build import build

__all__ = ["build"]
