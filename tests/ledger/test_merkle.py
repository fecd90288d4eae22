"""The Merkle tree against the published vectors of Certificate Transparency, a naive recursive tree, and forgers."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import merkle
from ledger.merkle import Place, Range
from models.sealing import HashName

NAMES: list[HashName] = ["sm3", "sha256"]

# The test data of Certificate Transparency's own implementation (merkle_tree_test, SHA-256).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


# --- the definitions of RFC 6962 §2.1 as they are written there, over hashlib alone ---------------------------


def hashed(data: bytes, name: HashName) -> bytes:
    return hashlib.new(name, data).digest()


def width(leaves: Sequence[bytes]) -> int:
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return k


def mth(leaves: Sequence[bytes], name: HashName) -> bytes:
    if not leaves:
        return hashed(b"", name)
    if len(leaves) == 1:
        return hashed(b"\x00" + leaves[0], name)
    k = width(leaves)
    return hashed(b"\x01" + mth(leaves[:k], name) + mth(leaves[k:], name), name)


def path(m: int, leaves: Sequence[bytes], name: HashName) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = width(leaves)
    if m < k:
        return [*path(m, leaves[:k], name), mth(leaves[k:], name)]
    return [*path(m - k, leaves[k:], name), mth(leaves[:k], name)]


def subproof(m: int, leaves: Sequence[bytes], name: HashName, whole: bool = True) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves, name)]
    k = width(leaves)
    if m <= k:
        return [*subproof(m, leaves[:k], name, whole), mth(leaves[k:], name)]
    return [*subproof(m - k, leaves[k:], name, False), mth(leaves[:k], name)]


# --- the tree under test --------------------------------------------------------------------------------------


class Grown:
    """A tree grown leaf by leaf, with every complete subtree kept as the database keeps them."""

    def __init__(self, leaves: Sequence[bytes], name: HashName) -> None:
        self.name, self.size = name, len(leaves)
        self.nodes: dict[Place, bytes] = {}
        self.roots = [merkle.empty_root(name)]
        self.most_read = 0
        frontier = merkle.Frontier(0, [], name)
        for index, data in enumerate(leaves):
            leaf = merkle.leaf_hash(data, name)
            self.nodes[0, index] = leaf
            self.nodes.update(frontier.add(leaf))
            self.roots.append(frontier.root())

    def read(self, places: set[Place]) -> dict[Place, bytes]:
        self.most_read = max(self.most_read, len(places))
        return {place: self.nodes[place] for place in places}

    def leaf(self, index: int) -> bytes:
        return self.nodes[0, index]

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return merkle.inclusion_path(index, size, self.read, self.name)

    def consistency(self, first: int, second: int) -> list[bytes]:
        return merkle.consistency_path(first, second, self.read, self.name)

    def included(self, index: int, size: int, steps: Sequence[bytes]) -> bool:
        return merkle.verify_inclusion(self.leaf(index), index, size, steps, self.roots[size], self.name)

    def consistent(self, first: int, second: int, steps: Sequence[bytes]) -> bool:
        roots = self.roots[first], self.roots[second]
        return merkle.verify_consistency(first, second, *roots, steps, self.name)


def some(size: int) -> list[bytes]:
    return [b"row %d" % index for index in range(size)]


# --- published vectors ----------------------------------------------------------------------------------------


def test_the_published_roots() -> None:
    tree = Grown(INPUTS, "sha256")
    assert [root.hex() for root in tree.roots] == [EMPTY, *ROOTS]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_published_inclusion_proofs(index: int, size: int) -> None:
    tree = Grown(INPUTS, "sha256")
    steps = tree.inclusion(index, size)
    assert [step.hex() for step in steps] == INCLUSION[index, size]
    assert tree.included(index, size, steps)


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_the_published_consistency_proofs(first: int, second: int) -> None:
    tree = Grown(INPUTS, "sha256")
    steps = tree.consistency(first, second)
    assert [step.hex() for step in steps] == CONSISTENCY[first, second]
    assert tree.consistent(first, second, steps)


def test_sm3_is_the_standard_hash() -> None:
    """GB/T 32905-2016 appendix A: SM3("abc"); through the leaf's prefix it stays what another library makes."""
    assert hashed(b"abc", "sm3").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert merkle.leaf_hash(b"abc", "sm3") == hashed(b"\x00abc", "sm3")


# --- against the naive tree -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_root_and_every_proof_of_every_size_up_to_64(name: HashName) -> None:
    leaves = some(64)
    tree = Grown(leaves, name)
    for size in range(65):
        assert tree.roots[size] == mth(leaves[:size], name)
        assert merkle.root_at(size, tree.read, name) == tree.roots[size]
        for index in range(size):
            steps = tree.inclusion(index, size)
            assert steps == path(index, leaves[:size], name)
            assert tree.included(index, size, steps)
        assert tree.consistent(0, size, tree.consistency(0, size))
        for first in range(1, size + 1):
            steps = tree.consistency(first, size)
            assert steps == subproof(first, leaves[:size], name)
            assert tree.consistent(first, size, steps)


@given(st.integers(65, 3000), st.randoms(use_true_random=False), st.sampled_from(NAMES))
def test_larger_trees(size: int, chance: random.Random, name: HashName) -> None:
    leaves = some(size)
    tree = Grown(leaves, name)
    first, index = chance.randint(1, size), chance.randrange(size)
    assert merkle.root_at(first, tree.read, name) == mth(leaves[:first], name)
    assert tree.included(index, size, steps := tree.inclusion(index, size))
    assert steps == path(index, leaves, name)
    assert tree.consistent(first, size, proof := tree.consistency(first, size))
    assert proof == subproof(first, leaves, name)
    assert tree.most_read <= 2 * size.bit_length()


def test_several_paths_are_read_at_once() -> None:
    tree = Grown(some(100), "sm3")
    paths = merkle.inclusion_paths([3, 99, 64], 100, tree.read, "sm3")
    assert paths == [tree.inclusion(index, 100) for index in (3, 99, 64)]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 1), (0, 7), (4, 6), (8, 13), (0, 64)])
def test_a_range_is_covered_once_by_complete_subtrees(start: int, end: int) -> None:
    spans: list[Range] = [(index << level, (index + 1) << level) for level, index in merkle.cover(start, end)]
    assert [leaf for span in spans for leaf in range(*span)] == list(range(start, end))
    assert sorted({b - a for a, b in spans}, reverse=True) == [b - a for a, b in spans]


@pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (0, 0)])
def test_no_proof_of_what_is_not_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(LookupError):
        Grown(INPUTS, "sm3").inclusion(index, size)


@pytest.mark.parametrize(("first", "second"), [(-1, 8), (6, 5), (8, 9)])
def test_no_proof_between_sizes_that_were_not(first: int, second: int) -> None:
    with pytest.raises(LookupError):
        Grown(INPUTS, "sm3").consistency(first, second)


def test_a_frontier_must_fit_its_size() -> None:
    with pytest.raises(ValueError, match="peaks"):
        merkle.Frontier(3, [b"x" * 32], "sm3")


# --- forgers --------------------------------------------------------------------------------------------------


def forgeries(steps: list[bytes], spare: bytes) -> list[list[bytes]]:
    """Every single byte altered, every node dropped, doubled, swapped with a neighbour, cut, replaced; one added."""
    made = [[*steps[:place], spare, *steps[place:]] for place in range(len(steps) + 1)]
    for place, step in enumerate(steps):
        before, after = steps[:place], steps[place + 1 :]
        made += [
            [*before, step[:at] + bytes([step[at] ^ 1]) + step[at + 1 :], *after] for at in range(merkle.HASH_BYTES)
        ]
        made += [[*before, *after], [*before, step, step, *after]]
        made += [[*before, other, *after] for other in (spare, b"", step[:-1], step + b"\x00", step[::-1])]
        if after:
            made.append([*before, after[0], step, *after[1:]])
    return made


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 5, 7, 8, 13])
def test_no_forged_inclusion_is_accepted(size: int, name: HashName) -> None:
    tree = Grown(some(size), name)
    spare = merkle.leaf_hash(b"spare", name)
    for index in range(size):
        steps = tree.inclusion(index, size)
        assert not any(tree.included(index, size, forged) for forged in forgeries(steps, spare))
        leaf, root = tree.leaf(index), tree.roots[size]
        check = merkle.verify_inclusion
        assert not check(spare, index, size, steps, root, name)
        assert not check(leaf, index, size, steps, spare, name)
        assert not check(leaf[:-1], index, size, steps, root, name)
        assert not any(check(leaf, other, size, steps, root, name) for other in range(-2, size + 3) if other != index)
        # The path of one shape may be that of another size: it is the root of that size that it must not lead to.
        assert not any(check(leaf, index, size, steps, tree.roots[n], name) for n in range(size))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("second", [1, 2, 5, 7, 8, 13])
def test_no_forged_consistency_is_accepted(second: int, name: HashName) -> None:
    tree = Grown(some(second), name)
    spare = merkle.leaf_hash(b"spare", name)
    for first in range(second + 1):
        steps = tree.consistency(first, second)
        assert not any(tree.consistent(first, second, forged) for forged in forgeries(steps, spare))
        old, new = tree.roots[first], tree.roots[second]
        check = merkle.verify_consistency
        assert not check(first, second, spare, new, steps, name)
        assert first == 0 or not check(first, second, old, spare, steps, name)
        assert not check(second + 1, second, old, new, steps, name)
        assert not check(-1, second, old, new, steps, name)
        for other in range(second + 1):
            assert other == first or not check(first, second, tree.roots[other], new, steps, name)


def test_another_history_is_not_consistent() -> None:
    """One leaf altered, dropped, inserted or moved before the first head: no proof fits the old head."""
    leaves = some(20)
    tree = Grown(leaves, "sm3")
    others = [
        [*leaves[:3], b"forged", *leaves[4:], b"new"],
        [*leaves[:3], *leaves[4:], b"new", b"newer"],
        [*leaves[:3], b"inserted", *leaves[3:]],
        [*leaves[:3], leaves[4], leaves[3], *leaves[5:], b"new"],
    ]
    for rewritten in others:
        forged = Grown(rewritten, "sm3")
        proof = forged.consistency(20, forged.size)
        assert not merkle.verify_consistency(20, forged.size, tree.roots[20], forged.roots[-1], proof, "sm3")


def test_a_node_is_never_taken_for_a_leaf() -> None:
    tree = Grown(some(4), "sm3")
    inner = tree.nodes[1, 0] + tree.nodes[1, 1]
    assert merkle.leaf_hash(inner, "sm3") != tree.roots[4]
    assert not merkle.verify_inclusion(merkle.leaf_hash(inner, "sm3"), 0, 1, [], tree.roots[4], "sm3")
