"""The log only grows: consistency proofs, rolled-back logs, crashes, and many writers at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sealed import World, at

from muniment import attest
from muniment.attest.local.merkle import MerkleTree, consistent, leaf_hash
from muniment.errors import SealError


def tree_of(size: int, salt: bytes = b"") -> MerkleTree:
    tree = MerkleTree()
    for number in range(size):
        tree.append(leaf_hash(salt + number.to_bytes(4, "big")))
    return tree


def test_published_consistency_proofs() -> None:
    """The three proofs of the example in RFC 6962, section 2.1.3, by their shape of seven leaves."""
    tree = tree_of(7)
    a, b, c, d, e, f = (leaf_hash(n.to_bytes(4, "big")) for n in range(6))
    from muniment.attest.local.merkle import node_hash

    g, h = node_hash(a, b), node_hash(c, d)
    i, j = node_hash(e, f), leaf_hash((6).to_bytes(4, "big"))
    k, el = node_hash(g, h), node_hash(i, j)
    assert tree.consistency(3) == (c, d, g, el)
    assert tree.consistency(4) == (el,)
    assert tree.consistency(6) == (i, j, k)


@given(st.integers(1, 70), st.integers(0, 70))
def test_every_tree_extends_its_own_beginnings(size: int, more: int) -> None:
    """For any two sizes the proof verifies, with the verifier of RFC 9162 that knows only the roots."""
    tree = tree_of(size + more)
    old = tree.root_at(size)
    proof = tree.consistency(size)
    assert old == tree_of(size).root()
    assert consistent(size, old, size + more, tree.root(), proof)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_no_proof_shows_what_is_not_so(size: int, more: int, data: st.DataObject) -> None:
    """Another beginning, a bent or a shortened proof never verifies."""
    tree = tree_of(size + more)
    proof = list(tree.consistency(size))
    assert not consistent(size, tree_of(size, b"other").root(), size + more, tree.root(), proof)
    assert not consistent(size, tree.root_at(size), size + more, tree_of(size + more, b"x").root(), proof)
    if proof:
        index = data.draw(st.integers(0, len(proof) - 1))
        bent = [*proof[:index], leaf_hash(b"bent"), *proof[index + 1 :]]
        assert not consistent(size, tree.root_at(size), size + more, tree.root(), bent)
        assert not consistent(size, tree.root_at(size), size + more, tree.root(), proof[:-1])
    assert not consistent(size, tree.root_at(size), size + more, tree.root(), [*proof, leaf_hash(b"more")])


def test_a_log_extends_its_older_checkpoints(world: World) -> None:
    """A checkpoint that was exported long ago is proved to be the log's own beginning."""
    old = world.domain.checkpoint()
    for day in range(1, 6):
        world.approve("ben", "clinical", at(day))
    found = attest.open_domain(world.domain.folder).extend(old)
    assert (found.old_size, found.size) == (1, 6)
    root = bytes.fromhex(found.root)
    assert consistent(found.old_size, bytes.fromhex(found.old_root), found.size, root, found.proof)


def back_up(world: World) -> Path:
    return Path(shutil.copytree(world.domain.folder, world.domain.folder.with_name("backup")))


def restored(world: World, backup: Path) -> attest.LocalDomain:
    shutil.rmtree(world.domain.folder)
    shutil.copytree(backup, world.domain.folder)
    return attest.open_domain(world.domain.folder)


def test_a_rolled_back_log_is_refused(world: World) -> None:
    """Restoring an old backup makes a shorter log that is sound in itself; the checkpoint tells."""
    backup = back_up(world)
    world.approve("ben", "clinical", at(1))
    note = world.domain.checkpoint()
    with pytest.raises(SealError, match="cut short or rolled back: it has 1 entries, and had 2") as caught:
        restored(world, backup).extend(note)
    assert "newest backup" in caught.value.hint


def test_a_rewritten_log_is_refused(world: World) -> None:
    """A log with as many entries or more, but others, does not extend the checkpoint."""
    backup = back_up(world)
    world.approve("ben", "clinical", at(1))
    note = world.domain.checkpoint()
    other = World(world.folder, restored(world, backup))
    other.approve("dee", "quality", at(1), meaning="quality_approval")
    other.release(at(2))
    with pytest.raises(SealError, match="rewritten: its first 2 entries"):
        other.domain.extend(note)


def test_a_log_that_forgot_its_seals_makes_no_new_one(world: World) -> None:
    """The seals in the evidence carry checkpoints: signing notices a rolled-back log without any export."""
    backup = back_up(world)
    bundle = world.approve("ben", "clinical", at(1)).read_bytes()
    pen = attest.LocalPen(restored(world, backup), lambda _: attest.new_person_key())
    with pytest.raises(SealError, match="rolled back"):
        pen.heed([b"not a bundle", bundle])
    pen = attest.LocalPen(attest.create_domain(backup / "x", name="other", at=at()), pen.open_key)
    pen.heed([bundle])  # another domain's seals say nothing of this log


@pytest.mark.parametrize("fault", ["key", "size", "text", "other log"])
def test_a_forged_checkpoint_is_refused(world: World, tmp_path: Path, fault: str) -> None:
    """Only notes that this log signed count."""
    note = world.domain.checkpoint()
    other = attest.create_domain(tmp_path / "other", name="example", at=at())
    forged = {
        "key": note.replace(note.split(" ")[-1], other.checkpoint().split(" ")[-1]),
        "size": note.replace("\n1\n", "\n2\n"),
        "text": "nothing",
        "other log": other.checkpoint(),
    }[fault]
    with pytest.raises(SealError, match=r"no checkpoint of a log|was not signed by this log"):
        world.domain.extend(forged)


SIGNER = """
    import sys
    from datetime import datetime
    from pathlib import Path
    from tests.support.sealed import World, at
    from muniment import attest

    world = World(Path(sys.argv[1]), attest.open_domain(Path(sys.argv[2])))
    for number in range(5):
        statement = world.approval("ben", "clinical", at(2), meeting=f"m-{sys.argv[3]}-{number}")
        world.seal(statement)
"""


def process(world: World, script: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(script),
            str(world.folder),
            str(world.domain.folder),
            *arguments,
        ],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
    )


def test_four_processes_that_sign_at_once_share_one_log(world: World) -> None:
    """Twenty seals of four processes: each at its own index, all verified, the log whole."""
    running = [process(world, SIGNER, str(number)) for number in range(4)]
    for one in running:
        _, err = one.communicate(timeout=120)
        assert one.returncode == 0, err.decode()
    seals = world.verify()
    assert {seal.outcome for seal in seals} == {"verified"}
    assert sorted(seal.log_index or 0 for seal in seals) == list(range(1, 21))
    assert attest.open_domain(world.domain.folder).head().size == 21


CRASH = """
    import os, sys
    from pathlib import Path
    from tests.support.sealed import World, at
    from muniment import attest
    from muniment.attest.local import log

    world = World(Path(sys.argv[1]), attest.open_domain(Path(sys.argv[2])))
    if sys.argv[3] == "before the head":
        log.replace_file = lambda *_: os._exit(9)
    ben = attest.Identity("ben@example.invalid", world.domain.issuer)
    world.domain.seal(world.approval("ben", "clinical", at(2)), identity=ben, at=at(2))
    os._exit(9)
"""


@pytest.mark.parametrize(("crash", "kept"), [("before the head", 0), ("after the log", 1)])
def test_a_seal_is_not_lost_between_log_and_file(world: World, crash: str, kept: int) -> None:
    """What the log holds can be written later; what it does not hold is forgotten; nothing is half."""
    died = process(world, CRASH, crash)
    died.communicate(timeout=60)
    assert died.returncode == 9
    domain = attest.open_domain(world.domain.folder)
    waiting = domain.undelivered()
    assert len(waiting) == kept
    assert domain.head().size == 1 + kept
    for bundle in waiting:
        statement = attest.sealed_statement(bundle)
        path = world.folder / attest.seal_path(statement)
        path.parent.mkdir(parents=True)
        path.write_bytes(bundle)
        assert world.verify_one().outcome == "verified"
        domain.delivered(bundle)
    assert domain.undelivered() == ()


def test_an_extension_is_json(world: World) -> None:
    """The proof leaves the tool in a form that another program can check."""
    note = world.domain.checkpoint()
    world.approve("ben", "clinical", at(1))
    fields = json.loads(json.dumps(world.domain.extend(note).as_json()))
    assert fields["schema"] == "muniment/consistency/v1"
    proof = [bytes.fromhex(node) for node in fields["proof"]]
    assert consistent(
        fields["old"]["size"],
        bytes.fromhex(fields["old"]["root"]),
        fields["new"]["size"],
        bytes.fromhex(fields["new"]["root"]),
        proof,
    )
