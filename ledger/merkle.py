"""RFC 6962 Merkle tree over SM3 or SHA-256: hashing, growing, proving, verifying. Pure; it knows no database.

A *place* (level, index) names the complete subtree over leaves [index · 2^level, (index + 1) · 2^level). The roots of
all complete subtrees are kept, so the root of any earlier size and every proof need O(log n) of them, which the caller
reads by place in one go. Verification is that of RFC 9162 §2.1.3.2 and §2.1.4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from models.sealing import HashName, raw_digest

Place = tuple[int, int]
Read = Callable[[set[Place]], Mapping[Place, bytes]]
Range = tuple[int, int]

HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(data: bytes, name: HashName) -> bytes:
    return raw_digest(_LEAF + data, name)


def node_hash(left: bytes, right: bytes, name: HashName) -> bytes:
    return raw_digest(_NODE + left + right, name)


def empty_root(name: HashName) -> bytes:
    return raw_digest(b"", name)


def fold(roots: Sequence[bytes], name: HashName) -> bytes:
    """The root over complete subtrees that stand side by side, the largest first; of none: the empty root."""
    if not roots:
        return empty_root(name)
    whole = roots[-1]
    for left in reversed(roots[:-1]):
        whole = node_hash(left, whole, name)
    return whole


class Frontier:
    """The complete subtrees at the edge of a growing tree, the largest first: all that appending needs."""

    def __init__(self, size: int, peaks: Sequence[bytes], name: HashName) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} has {size.bit_count()} peaks, not {len(peaks)}")
        self.size = size
        self.peaks = list(peaks)
        self.name = name

    def add(self, leaf: bytes) -> Iterator[tuple[Place, bytes]]:
        """Append a leaf's hash; the subtrees that it completes, from the lowest. To be run to its end."""
        level, index, node = 0, self.size, leaf
        while index & 1:
            node = node_hash(self.peaks.pop(), node, self.name)
            level, index = level + 1, index >> 1
            yield (level, index), node
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        return fold(self.peaks, self.name)


# --- proving ------------------------------------------------------------------------------------------------


def cover(start: int, end: int) -> list[Place]:
    """The complete subtrees, the largest first, whose `fold` is the root over leaves [start, end)."""
    places = []
    while start < end:
        level = (end - start).bit_length() - 1
        places.append((level, start >> level))
        start += 1 << level
    return places


def root_at(size: int, read: Read, name: HashName) -> bytes:
    """The root of the tree when it had `size` leaves."""
    [root] = _roots([(0, size)], read, name)
    return root


def inclusion_path(index: int, size: int, read: Read, name: HashName) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1. Raises LookupError beyond the tree."""
    [path] = inclusion_paths([index], size, read, name)
    return path


def inclusion_paths(indexes: Sequence[int], size: int, read: Read, name: HashName) -> list[list[bytes]]:
    """The paths of several leaves, with one reading of the nodes."""
    if any(not 0 <= index < size for index in indexes):
        raise LookupError(f"no such leaf in a tree of {size}")
    ranges = [_siblings(index, size) for index in indexes]
    wanted = sorted({each for path in ranges for each in path})
    roots = dict(zip(wanted, _roots(wanted, read, name), strict=True))
    return [[roots[each] for each in path] for path in ranges]


def consistency_path(first: int, second: int, read: Read, name: HashName) -> list[bytes]:
    """PROOF(first, D[second]) of RFC 6962 §2.1.2; empty for the empty tree. Raises LookupError when out of order."""
    if not 0 <= first <= second:
        raise LookupError(f"no proof from {first} to {second}")
    return _roots(_between(first, second), read, name) if first else []


def _split(width: int) -> int:
    """The largest power of two below `width` (2 and more)."""
    return 1 << (width - 1).bit_length() - 1


def _siblings(index: int, size: int) -> list[Range]:
    """What stands beside the leaf on its way up, from the leaf to the root."""
    start, end, ranges = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def _between(first: int, second: int) -> list[Range]:
    """SUBPROOF of RFC 6962 §2.1.2, unrolled. While only left turns were taken, `first` is itself a complete subtree
    that the verifier has."""
    start, end, ranges, known = 0, second, [], True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, known = middle, False
    if not known:
        ranges.append((start, end))
    return ranges[::-1]


def _roots(ranges: Sequence[Range], read: Read, name: HashName) -> list[bytes]:
    covers = [cover(*each) for each in ranges]
    wanted = {place for places in covers for place in places}
    nodes = read(wanted) if wanted else {}
    return [fold([nodes[place] for place in places], name) for places in covers]


# --- verifying ----------------------------------------------------------------------------------------------


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes, name: HashName) -> bool:
    """Whether the path leads from the leaf's hash to the root. Never raises on what a forger may have written."""
    if not 0 <= index < size or not _well_formed(leaf, root, *path):
        return False
    place, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node, name)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling, name)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes], name: HashName
) -> bool:
    """Whether the tree of `second_root` begins with the whole tree of `first_root`."""
    if not 0 <= first <= second or not _well_formed(first_root, second_root, *path):
        return False
    if first == 0 and first_root != empty_root(name):
        return False
    if first in (0, second):
        return not path and (first < second or first_root == second_root)
    steps = [first_root, *path] if first.bit_count() == 1 else list(path)
    return bool(path) and _climbs(first, second, first_root, second_root, steps, name)


def _climbs(
    first: int, second: int, first_root: bytes, second_root: bytes, steps: Sequence[bytes], name: HashName
) -> bool:
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old, name), node_hash(step, new, name)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step, name)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _well_formed(*hashes: bytes) -> bool:
    """All of full length: two hashes of other lengths could be cut apart at another place."""
    return all(len(each) == HASH_BYTES for each in hashes)
