"""An edition made of plain values: one device, two released releases and a candidate, every page filled.

`edition()` reads well; `edition(hostile=True)` puts `HOSTILE` into every text that a record, a ruling, a seal
or an evaluation may say freely, so that a page which shows one unescaped is caught.
"""

from support.editions.making import AS_OF, DEVICE, HOSTILE
from support.editions.numbers import evaluation
from support.editions.whole import edition

__all__ = ["AS_OF", "DEVICE", "HOSTILE", "edition", "evaluation"]
