"""The regulator's copy: portal, evidence, seals and trust root in one BagIt bag (RFC 8493).

`create` writes a bag as a folder, a `.zip` or a `.tar`; `verify` checks one without trusting it;
`opened` also hands out its payload, so that records and seals inside can be judged again. `renewal` says
what a newer timestamp over a whole archive covers.
"""

from muniment.archive import renewal
from muniment.archive.contents import Archived, Contents, Holding, Rows, is_row_level
from muniment.archive.pack import create, refuse_target
from muniment.archive.unpack import Bag, opened, verify

__all__ = [
    "Archived",
    "Bag",
    "Contents",
    "Holding",
    "Rows",
    "create",
    "is_row_level",
    "opened",
    "refuse_target",
    "renewal",
    "verify",
]
