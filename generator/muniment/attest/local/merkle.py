"""The Merkle tree of RFC 6962 (section 2.1), with the hash of every complete subtree kept."""

from __future__ import annotations

import hashlib


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

    def _range(self, low: int, high: int) -> bytes:
        """Return the hash over leaves `low` to `high` of a subtree that starts at a multiple of its width."""
        if low == high:
            return hashlib.sha256().digest()
        width = high - low
        if width & (width - 1) == 0:
            return self._levels[width.bit_length() - 1][low // width]
        middle = low + _largest_power_below(width)
        return node_hash(self._range(low, middle), self._range(middle, high))


def _largest_power_below(width: int) -> int:
    """Return the largest power of two smaller than `width`, which is at least two."""
    return 1 << ((width - 1).bit_length() - 1)
