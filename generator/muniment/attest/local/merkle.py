"""The Merkle tree of RFC 6962 (section 2.1), with the hash of every complete subtree kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """An append-only tree. Appending costs O(log n) hashes, a proof none but the right border's.

    `_levels[k]` holds the hashes of all complete subtrees of 2**k leaves, left to right.
    """

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        self._levels[0].append(leaf)
        height = 0
        while len(self._levels[height]) % 2 == 0:
            left, right = self._levels[height][-2:]
            height += 1
            if height == len(self._levels):
                self._levels.append([])
            self._levels[height].append(node_hash(left, right))

    def pop(self) -> None:
        """Take the last leaf off again: the entry was never committed."""
        size = self.size - 1
        for height, level in enumerate(self._levels):
            del level[size >> height :]

    def root(self) -> bytes:
        """Return the hash of the whole tree."""
        return self._range(0, self.size)

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion proof of leaf `index` in the whole tree, from the leaf up."""
        hashes: list[bytes] = []
        low, high = 0, self.size
        while high - low > 1:
            middle = low + _largest_power_below(high - low)
            if index < middle:
                hashes.append(self._range(middle, high))
                high = middle
            else:
                hashes.append(self._range(low, middle))
                low = middle
        return tuple(reversed(hashes))

    def leaf(self, index: int) -> bytes:
        """Return the hash of leaf `index`."""
        return self._levels[0][index]

    def root_at(self, size: int) -> bytes:
        """Return the hash of the tree as it was with `size` leaves."""
        return self._range(0, size)

    def consistency(self, size: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of the first `size` leaves is the start of this one.

        RFC 6962, section 2.1.2. `size` is at least one and at most the tree's own.
        """
        return tuple(self._subproof(size, 0, self.size, whole=True))

    def _subproof(self, size: int, low: int, high: int, *, whole: bool) -> list[bytes]:
        if size == high - low:
            return [] if whole else [self._range(low, high)]
        middle = low + _largest_power_below(high - low)
        if size <= middle - low:
            return [*self._subproof(size, low, middle, whole=whole), self._range(middle, high)]
        return [
            *self._subproof(size - (middle - low), middle, high, whole=False),
            self._range(low, middle),
        ]

    def _range(self, low: int, high: int) -> bytes:
        """Return the hash over leaves `low` to `high` of a subtree that starts at a multiple of its width."""
        if low == high:
            return hashlib.sha256().digest()
        width = high - low
        if width & (width - 1) == 0:
            return self._levels[width.bit_length() - 1][low // width]
        middle = low + _largest_power_below(width)
        return node_hash(self._range(low, middle), self._range(middle, high))


def consistent(size: int, root: bytes, later: int, later_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that a tree of `later` leaves starts with the tree of `size` leaves.

    RFC 9162, section 2.1.4.2; needs nothing but the two roots.
    """
    if not 0 < size <= later:
        return False
    if size == later:
        return root == later_root and not proof
    path = list(proof) if size & (size - 1) else [root, *proof]
    if not path:
        return False
    first, second = size - 1, later - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    old = new = path[0]
    for node in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            old, new = node_hash(node, old), node_hash(node, new)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            new = node_hash(new, node)
        first, second = first >> 1, second >> 1
    return (old, new, second) == (root, later_root, 0)


def _largest_power_below(width: int) -> int:
    """Return the largest power of two smaller than `width`, which is at least two."""
    return 1 << ((width - 1).bit_length() - 1)
