"""Locking, signing and deciding at the command line, in a trust domain of one's own."""

from __future__ import annotations

import shutil

import pytest

from support.project import Project

LOCK = ("lock", "1.0.0", "--as", "p-varga", "--at", "2024-01-05T14:00:00Z")
EVALUATION = ("sign", "1.0.0", "--evaluation", "--as", "svc-evaluation", "--role", "verification")
BOARD = {
    "p-okafor": "engineering",
    "p-kowalczyk": "security",
    "p-varga": "biostatistics",
    "p-hughes": "risk",
    "p-achterberg": "clinical",
    "p-teixeira": "regulatory",
    "p-moreau": "quality",
}


@pytest.fixture
def unsealed(example: Project) -> Project:
    """The example before anybody signed anything."""
    for name in ("seals", "trust"):
        shutil.rmtree(example.device / name)
    return example


def signed(project: Project, *command: str) -> None:
    ran = project.run(*command, "--trust-folder", "domain")
    assert ran.code == 0, ran.out + ran.err
    assert "self-asserted" in ran.out or "domain" in ran.out


def outcome(project: Project, version: str, *options: str) -> dict[str, object]:
    found = project.run("check", "--deep", "--format", "json", *options).json
    return next(r for r in found["devices"][0]["releases"] if r["release"] == version)


def test_from_a_plan_to_a_released_version(unsealed: Project) -> None:
    """Claim, contract, lock, evaluation, determination, approvals and authorisation make 1.0.0 released."""
    signed(unsealed, "trust", "init", "--unattended", "--at", "2024-01-01T00:00:00Z")
    assert outcome(unsealed, "1.0.0")["status"] == "candidate"
    claim = ("sign", "claims/1", "--as", "p-achterberg", "--role", "clinical")
    signed(unsealed, *claim, "--at", "2024-01-02T09:00:00Z")
    contract = ("sign", "contracts/1", "--as", "p-okafor", "--role", "engineering")
    signed(unsealed, *contract, "--at", "2024-01-02T10:00:00Z")
    signed(unsealed, *LOCK)
    signed(unsealed, *EVALUATION, "--at", "2024-01-08T08:00:00Z")
    drill = ("sign", "postmarket/1.0.0/drill-2024-01-31", "--as")
    witness = ("--role", "operations", "--meaning", "witness")
    signed(unsealed, *drill, "p-nakata", *witness, "--at", "2024-01-31T17:00:00Z")
    signed(unsealed, *drill, "p-moreau", "--role", "quality", "--at", "2024-01-31T17:30:00Z")
    author = ("sign", "releases/1.0.0", "--as", "p-sandoval", "--role", "author", "--meaning", "authorship")
    signed(unsealed, *author, "--at", "2024-02-15T11:00:00Z")
    determined = ("sign", "decisions/determination-1.0.0", "--as", "p-teixeira", "--role", "regulatory")
    signed(unsealed, *determined, "--at", "2024-02-15T11:30:00Z")
    for hour, (person, role) in enumerate(BOARD.items()):
        at = f"2024-02-15T{12 + hour}:00:00Z"
        signed(unsealed, "approve", "1.0.0", "--as", person, "--role", role, "--at", at)
    minutes = ("sign", "decisions/board-1.0.0", "--as", "p-moreau", "--role", "quality")
    signed(unsealed, *minutes, "--at", "2024-02-15T19:00:00Z")
    authorise = ("sign", "1.0.0", "--authorise", "--as", "p-moreau", "--role", "quality")
    signed(unsealed, *authorise, "--at", "2024-02-19T10:00:00Z")
    # On the next day nothing has happened after release that others would have to sign.
    release = outcome(unsealed, "1.0.0", "--as-of", "2024-02-20")
    open_points = [r["message"] for r in release["rulings"] if r["outcome"] in ("unmet", "undecided")]
    assert (release["status"], release["outcome"]) == ("released", "accepted"), open_points
    found = unsealed.run("verify", "1.0.0", "--format", "json").json
    assert any("unattended" in note for note in found["notes"])
    seals = found["seals"]
    assert len(seals) == 17
    assert {seal["outcome"] for seal in seals} == {"verified"}


def test_a_second_domain_is_not_mixed_in(example: Project) -> None:
    """A seal of another domain would not verify under the root that lies there, so it is not made."""
    before = sorted((example.device / "seals").rglob("*.json"))
    signed(example, "trust", "init", "--unattended", "--at", "2024-01-01T00:00:00Z")
    again = (
        "sign",
        "decisions/cr-001",
        "--as",
        "p-achterberg",
        "--role",
        "clinical",
        "--trust-folder",
        "domain",
    )
    ran = example.run(*again)
    assert ran.code == 2
    assert "another local trust domain" in ran.err
    assert sorted((example.device / "seals").rglob("*.json")) == before


def test_an_evaluation_cannot_be_sealed_before_its_plan_is_locked(unsealed: Project) -> None:
    """The lock comes first, and the message says what to run."""
    signed(unsealed, "trust", "init", "--unattended", "--at", "2024-01-01T00:00:00Z")
    ran = unsealed.run(*EVALUATION, "--at", "2024-01-08T08:00:00Z", "--trust-folder", "domain")
    assert ran.code == 2
    assert "muniment lock plans/1.0.0" in ran.err


def test_a_seal_dated_before_the_last_entry_is_refused(unsealed: Project) -> None:
    """The log only grows forwards in time."""
    signed(unsealed, "trust", "init", "--unattended", "--at", "2024-01-01T00:00:00Z")
    signed(unsealed, *LOCK)
    early = ("sign", "decisions/cr-001", "--as", "p-achterberg", "--role", "clinical")
    ran = unsealed.run(*early, "--at", "2024-01-04T09:00:00Z", "--trust-folder", "domain")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert not list((unsealed.device / "seals").glob("decisions/**/*.json"))


def test_a_plan_is_locked_once(unsealed: Project) -> None:
    """A second lock would let the criteria be chosen afterwards."""
    signed(unsealed, "trust", "init", "--unattended", "--at", "2024-01-01T00:00:00Z")
    signed(unsealed, *LOCK)
    again = ("lock", "1.0.0", "--as", "p-varga", "--at", "2024-01-06T14:00:00Z", "--trust-folder", "domain")
    ran = unsealed.run(*again)
    assert ran.code == 2
    assert "locked already" in ran.err


def test_private_keys_are_for_their_owner_alone(unsealed: Project) -> None:
    """Keys are readable by their owner only, and none of their bytes reach the evidence."""
    signed(unsealed, "trust", "init", "--unattended", "--at", "2024-01-01T00:00:00Z")
    unsealed.run("trust", "show", "--publish", "--trust-folder", "domain")
    signed(unsealed, *LOCK)
    private = [
        p for p in (unsealed.root / "domain").rglob("*") if p.is_file() and b"PRIVATE" in p.read_bytes()
    ]
    assert private
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)
    public = b"".join(p.read_bytes() for p in unsealed.device.rglob("*.json"))
    assert b"PRIVATE" not in public
    for path in private:
        secret = b"".join(path.read_bytes().splitlines()[1:-1])
        assert secret[20:60] not in public


def test_a_changed_plan_is_no_longer_the_locked_one(example: Project) -> None:
    """A threshold moved by 0.001 after the lock: the seal fails, the number differs, both are named."""
    text = (example.device / "plans" / "1.2.0.yaml").read_text("utf-8")
    assert "threshold: 0.70\n" in text or "threshold: 0.7\n" in text
    changed = text.replace("threshold: 0.7\n", "threshold: 0.701\n", 1)
    changed = changed.replace("threshold: 0.70\n", "threshold: 0.701\n", 1) if changed == text else changed
    (example.device / "plans" / "1.2.0.yaml").write_text(changed, "utf-8")
    ran = example.run("check", "--deep")
    assert ran.code == 1
    assert "plan-lock-" in ran.out
    assert "plans/1.2.0.yaml" in ran.out


def test_an_unknown_signer_is_refused_before_anything_is_written(unsealed: Project) -> None:
    """Only people on the roster sign; the message lists them."""
    signed(unsealed, "trust", "init", "--unattended", "--at", "2024-01-01T00:00:00Z")
    ran = unsealed.run("lock", "1.0.0", "--as", "nobody", "--trust-folder", "domain")
    assert ran.code == 2
    assert "p-varga" in ran.err
    assert not (unsealed.device / "seals").exists()


def test_without_a_domain_the_message_says_how_to_make_one(unsealed: Project) -> None:
    """The first thing a new signer sees is what to do."""
    ran = unsealed.run("lock", "1.0.0", "--as", "p-varga", "--trust-folder", "nowhere")
    assert ran.code == 2
    assert "muniment trust init" in ran.err


def test_a_frozen_release_is_not_evaluated_differently(example: Project) -> None:
    """Evaluating a frozen release again changes nothing, and says so."""
    before = (example.device / "releases/1.2.0/evaluation.json").read_bytes()
    ran = example.run("evaluate", "1.2.0")
    assert ran.code == 0, ran.out + ran.err
    assert "unchanged" in ran.out
    assert (example.device / "releases/1.2.0/evaluation.json").read_bytes() == before
    assert "unchanged" in example.run("freeze", "1.2.0").out
