"""People with their own keys, an organisation's Sigstore, and an auditor's demands, at the command line."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from muniment import shipped
from support.project import Project, Ran
from support.sigstore_server import serving

MOREAU = "claire.moreau@example.invalid"
PASSPHRASE = "nine violet herons wait"
EARLY = "2023-06-01T00:00:00Z"
SIGN = ("sign", "decisions/cr-001", "--as", "p-achterberg", "--role", "clinical", "--trust-folder", "domain")


@pytest.fixture
def unsealed(example: Project) -> Project:
    """The example before anybody signed anything, and a domain in which nobody is enrolled."""
    for name in ("seals", "trust"):
        shutil.rmtree(example.device / name)
    secret = example.root / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    secret.chmod(0o600)
    done(example, "trust", "init", "--trust-folder", "domain", "--at", EARLY)
    return example


def done(project: Project, *command: str) -> Ran:
    ran = project.run(*command)
    assert ran.code == 0, ran.out + ran.err
    return ran


def conform(fields: Any, name: str) -> None:
    """Hold an output against its published schema."""
    assert fields["schema"] == f"muniment/{name}/v1"
    schema = json.loads((shipped.folder("schemas") / "outputs" / f"{name}.v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(fields)


def enrol(project: Project, person: str, *options: str) -> Ran:
    where = ("--trust-folder", "domain", "--passphrase-file", "passphrase", "--at", EARLY)
    return done(project, "trust", "enrol", person, *where, *options)


def test_a_person_signs_with_a_key_of_their_own(unsealed: Project) -> None:
    """Enrolled, then signed: the seal verifies; without the passphrase, or the person, nothing is sealed."""
    ran = unsealed.run(*SIGN, "--at", "2023-07-10T09:00:00Z")
    assert ran.code == 2
    assert "is not enrolled" in ran.err
    assert "muniment trust enrol" in ran.err
    said = enrol(unsealed, "p-achterberg").out
    assert "enrolled noor.achterberg@example.invalid" in said
    nobody = unsealed.run(*SIGN, "--at", "2023-07-10T09:00:00Z")
    assert nobody.code == 2
    assert "--passphrase-file" in nobody.err
    assert not (unsealed.device / "seals").exists()
    done(unsealed, *SIGN, "--at", "2023-07-10T09:00:00Z", "--passphrase-file", "passphrase")
    found = unsealed.run("verify", "--format", "json").json
    (seal,) = found["seals"]
    assert (seal["outcome"], seal["domain"]) == ("verified", "local")
    assert not any("unattended" in note for note in found["notes"])
    everything = b"".join(
        p.read_bytes() for p in unsealed.root.rglob("*") if p.is_file() and p.name != "passphrase"
    )
    assert PASSPHRASE.encode() not in everything


def test_a_wrong_passphrase_seals_nothing(unsealed: Project) -> None:
    """One sentence, no traceback, and the passphrase is not repeated."""
    enrol(unsealed, "p-achterberg")
    (unsealed.root / "wrong").write_text("another long passphrase")
    (unsealed.root / "wrong").chmod(0o600)
    ran = unsealed.run(*SIGN, "--passphrase-file", "wrong")
    assert ran.code == 2
    assert "does not open with this passphrase" in ran.err
    assert "another long" not in ran.err
    (unsealed.root / "wrong").chmod(0o644)
    assert "can be read by others" in unsealed.run(*SIGN, "--passphrase-file", "wrong").err
    assert not (unsealed.device / "seals").exists()
    assert not (unsealed.device / "trust").exists()


def test_a_passphrase_is_typed_unseen(unsealed: Project) -> None:
    """On a terminal it is asked for twice and never echoed."""
    master, slave = pty.openpty()
    command = [Path(sys.executable).with_name("muniment"), "trust", "enrol", "p-moreau"]
    running = subprocess.Popen(
        [*command, "--trust-folder", "domain", "--at", EARLY],
        cwd=unsealed.root,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={k: v for k, v in os.environ.items() if not k.startswith("MUNIMENT_")} | {"NO_COLOR": "1"},
    )
    os.close(slave)
    shown, answers = b"", [b"Passphrase of", b"Repeat for confirmation"]
    while True:
        try:
            data = os.read(master, 1024)
        except OSError:
            break
        if not data:
            break
        shown += data
        if answers and answers[0] in shown:
            answers.pop(0)
            os.write(master, PASSPHRASE.encode() + b"\n")
    assert running.wait(timeout=60) == 0, shown.decode()
    os.close(master)
    assert b"enrolled " + MOREAU.encode() in shown
    assert PASSPHRASE.encode() not in shown


def test_a_passphrase_from_the_environment(unsealed: Project) -> None:
    """For automation: the variable is read, and shows nowhere."""
    command = [str(Path(sys.executable).with_name("muniment")), "trust", "enrol", "svc-evaluation"]
    ran = subprocess.run(
        [*command, "--trust-folder", "domain", "--at", EARLY],
        cwd=unsealed.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | {"MUNIMENT_PASSPHRASE": PASSPHRASE, "NO_COLOR": "1"},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert PASSPHRASE.encode() not in ran.stdout + ran.stderr
    evaluation = ("sign", "claims/1", "--as", "svc-evaluation", "--role", "verification")
    where = ("--trust-folder", "domain", "--passphrase-file", "passphrase", "--at", "2023-07-17T09:00:00Z")
    done(unsealed, *evaluation, *where)


def test_replace_and_revoke_stand_in_the_register(unsealed: Project) -> None:
    """`trust show` lists who may sign with which key, and why it changed."""
    first = enrol(unsealed, "p-moreau").out
    again = unsealed.run(
        "trust", "enrol", MOREAU, "--trust-folder", "domain", "--passphrase-file", "passphrase"
    )
    assert again.code == 2
    assert "--replace" in again.err
    assert "replaced" in enrol(unsealed, "p-moreau", "--replace", "--reason", "key lost").out
    keys = list((unsealed.root / "domain" / "people").iterdir())
    assert len(keys) == 1
    assert keys[0].name not in first
    enrol(unsealed, "svc-evaluation")
    revoke = ("trust", "revoke", "svc-evaluation", "--reason", "retired", "--trust-folder", "domain")
    done(unsealed, *revoke)
    shown = done(unsealed, "trust", "show", "--trust-folder", "domain", "--format", "json").json
    acts = [(n["person"], n["act"], n["reason"]) for n in shown["register"]]
    assert acts == [
        ("p-moreau", "enrolled", ""),
        ("p-moreau", "replaced", "key lost"),
        ("svc-evaluation", "enrolled", ""),
        ("svc-evaluation", "revoked", "retired"),
    ]
    assert shown["log"]["size"] == 5
    conform(shown, "trust")
    text = done(unsealed, "trust", "show", "--trust-folder", "domain").out
    assert "log of 5 entries" in text
    assert "(retired)" in text
    assert shown["log"]["checkpoint"].split("\n")[2] in text


def test_somebody_on_no_roster_is_not_enrolled(unsealed: Project) -> None:
    """Keys are for people the roster knows."""
    ran = unsealed.run(
        "trust", "enrol", "nobody", "--trust-folder", "domain", "--passphrase-file", "passphrase"
    )
    assert ran.code == 2
    assert "roster" in ran.err


def test_a_key_kept_elsewhere(unsealed: Project) -> None:
    """A reviewer's key may lie on their own stick; the trust folder then holds none."""
    enrol(unsealed, "p-achterberg", "--key", "stick/key.pem")
    assert not (unsealed.root / "domain" / "people").exists()
    ran = unsealed.run(*SIGN, "--at", "2023-07-10T09:00:00Z", "--passphrase-file", "passphrase")
    assert ran.code == 2
    assert "--key" in ran.err
    key = ("--key", "stick/key.pem", "--passphrase-file", "passphrase")
    done(unsealed, *SIGN, *key, "--at", "2023-07-10T09:00:00Z")


def test_an_interrupted_seal_is_written_by_the_next_command(unsealed: Project) -> None:
    """Between log and file the power fails: nothing is lost, and the next command says what it did."""
    enrol(unsealed, "p-achterberg")
    secret = ("--passphrase-file", "passphrase")
    done(unsealed, *SIGN, "--at", "2023-07-10T09:00:00Z", *secret)
    (seal,) = (unsealed.device / "seals").rglob("*.json")
    data = seal.read_bytes()
    outbox = unsealed.root / "domain" / "outbox"
    assert list(outbox.iterdir()) == []
    # The state in which a crash right after the log leaves everything.
    (outbox / f"{hashlib.sha256(data).hexdigest()}.sigstore.json").write_bytes(data)
    seal.unlink()
    shutil.rmtree(unsealed.device / "trail")
    assert (
        "1 seals were logged and not written"
        in done(unsealed, "trust", "show", "--trust-folder", "domain").out
    )
    next_one = ("sign", "claims/1", *SIGN[2:], "--at", "2023-07-17T09:00:00Z", *secret)
    assert "interrupted" in done(unsealed, *next_one).err
    assert seal.read_bytes() == data
    assert list(outbox.iterdir()) == []


def test_checkpoints_show_that_the_log_only_grew(unsealed: Project) -> None:
    """Exported, grown, proved; then the folder is put back to what it was, and the proof fails."""
    trust = ("--trust-folder", "domain")
    shutil.copytree(unsealed.root / "domain", unsealed.root / "backup")
    enrol(unsealed, "p-moreau")
    done(unsealed, "trust", "checkpoint", *trust, "--out", "old.checkpoint")
    enrol(unsealed, "p-achterberg")
    proved = done(unsealed, "trust", "checkpoint", *trust, "--extends", "old.checkpoint")
    assert "the log of 3 entries extends the checkpoint of 2" in proved.out
    fields = done(
        unsealed, "trust", "checkpoint", *trust, "--extends", "old.checkpoint", "--format", "json"
    ).json
    conform(fields, "consistency")
    shutil.rmtree(unsealed.root / "domain")
    shutil.move(unsealed.root / "backup", unsealed.root / "domain")
    ran = unsealed.run("trust", "checkpoint", *trust, "--extends", "old.checkpoint")
    assert ran.code == 2
    assert "cut short or rolled back" in ran.err


def test_a_seal_of_an_organisations_sigstore(
    unsealed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From the settings to a verified private seal, over HTTP; nothing but the root is taken over."""
    with serving(tmp_path_factory.mktemp("sigstore")) as organisation:
        organisation.user = "noor.achterberg@example.invalid"
        (unsealed.root / "sigstore.json").write_bytes(organisation.config())
        token = unsealed.root / "token"
        token.write_text(organisation.token())
        token.chmod(0o600)
        private = (
            "sign",
            "decisions/cr-001",
            "--as",
            "p-achterberg",
            "--role",
            "clinical",
            "--domain",
            "private",
        )
        ran = unsealed.run(*private, "--identity-token", "@token")
        assert ran.code == 2
        assert "client trust config" in ran.err
        settings = unsealed.root / "muniment.yaml"
        text = settings.read_text()
        settings.write_text(f"{text}  private: {{client_trust_config: sigstore.json}}\n")
        ran = unsealed.run(*private, "--identity-token", "@token")
        assert ran.code == 2
        assert "accept no seals of the private domain" in ran.err
        assert organisation.asked == []
        settings.write_text(settings.read_text().replace("[local]", "[local, private]"))
        ran = done(unsealed, *private, "--identity-token", "@token")
        assert "dated by the organisation's Sigstore" in ran.out
        shown = done(unsealed, "trust", "show", "--domain", "private").out
        # The organisation rotates its keys: the new root is taken over on purpose only.
        published = unsealed.device / "trust" / "private" / "trusted_root.json"
        published.write_bytes(published.read_bytes() + b"\n")
        again = ("sign", "claims/1", *private[2:], "--identity-token", "@token")
        assert "another private trust domain" in unsealed.run(*again).err
        done(unsealed, "trust", "show", "--domain", "private", "--publish")
        done(unsealed, *again)
        shutil.rmtree(unsealed.device / "seals" / "claims")
    root = unsealed.device / "trust" / "private" / "trusted_root.json"
    assert hashlib.sha256(root.read_bytes()).hexdigest() in shown
    (seal,) = unsealed.run("verify", "--format", "json").json["seals"]
    assert (seal["outcome"], seal["domain"], seal["issuer"]) == ("verified", "private", organisation.issuer)
    assert "private · the organisation's own Sigstore" in unsealed.run("verify").out
    settings.write_text(settings.read_text().replace("[local, private]", "[local]"))
    (seal,) = unsealed.run("verify", "--format", "json").json["seals"]
    assert seal["outcome"] == "failed"
    # A bundle of the private domain presented as local: the root decides.
    local = unsealed.device / "trust" / "local" / "trusted_root.json"
    local.parent.mkdir()
    done(unsealed, "trust", "show", "--publish", "--trust-folder", "domain")
    root.unlink()
    (seal,) = unsealed.run("verify", "--format", "json").json["seals"]
    assert "No trusted root given knows the log" in seal["reason"]


def test_the_token_of_another_person_is_refused(
    unsealed: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The roster says who signs, the token says who is there; they must be one."""
    with serving(tmp_path_factory.mktemp("sigstore")) as organisation:
        (unsealed.root / "sigstore.json").write_bytes(organisation.config())
        settings = unsealed.root / "muniment.yaml"
        settings.write_text(settings.read_text().replace("[local]", "[private]"))
        command = (
            "sign",
            "decisions/cr-001",
            "--as",
            "p-achterberg",
            "--role",
            "clinical",
            "--domain",
            "private",
        )
        ran = unsealed.run(
            *command, "--trust-config", "sigstore.json", "--identity-token", organisation.token()
        )
    assert ran.code == 2
    assert "token is for ben@example.invalid" in ran.err
    assert not (unsealed.device / "seals").exists()
    dated = unsealed.run(*command, "--at", "2023-07-10T09:00:00Z")
    assert dated.code == 2
    assert "leave --at out" in dated.err


# --- the auditor


def outcomes(ran: Ran) -> set[str]:
    return {seal["outcome"] for seal in ran.json["seals"]}


def policy_of(project: Project) -> dict[str, Any]:
    """A policy that admits exactly who sealed the example."""
    seals = project.run("verify", "1.0.0", "--format", "json").json["seals"]
    acts = {"evaluation": "evaluation", "board decision": "approval", "release authorisation": "release"}
    lines = [
        {
            "identity": seal["identity"],
            "issuer": seal["issuer"],
            "domain": seal["domain"],
            "acts": [acts.get(act := seal["act"].split(" (")[0], act.replace(" ", "-"))],
            "roles": [seal["role"]],
        }
        for seal in seals
    ]
    return {"kind": "identity_policy", "schema": 1, "signers": lines}


@pytest.mark.slow
def test_an_auditors_policy_decides_whose_seals_count(example: Project) -> None:
    """With the right list all seals stand; without one line, that person's fail; an empty list is refused."""
    policy = policy_of(example)
    file = example.root / "policy.json"
    verify = ("verify", "1.0.0", "--format", "json", "--identity-policy", "policy.json")
    file.write_text(json.dumps(policy))
    assert outcomes(example.run(*verify)) == {"verified"}
    file.write_text(
        json.dumps(policy | {"signers": [s for s in policy["signers"] if s["identity"] != MOREAU]})
    )
    ran = example.run(*verify)
    assert ran.code == 1
    failed = [seal for seal in ran.json["seals"] if seal["outcome"] == "failed"]
    assert failed
    assert all(f"does not know {MOREAU}" in seal["reason"] for seal in failed)
    file.write_text(json.dumps(policy | {"signers": []}))
    ran = example.run(*verify)
    assert ran.code == 2
    assert "identity policy is not valid" in ran.err


def test_no_seal_meets_no_demand(unsealed: Project) -> None:
    """Evidence without seals is not verified against a policy by having nothing that fails."""
    ran = unsealed.run("verify", "1.0.0", "--require-domain", "local", "--format", "json")
    assert ran.code == 1
    assert "there is no seal that could meet what is demanded of seals" in ran.json["missing"]


@pytest.mark.parametrize(
    "text",
    ["", "signers: everyone", "kind: identity_policy\nschema: 1\nsigners: [{identity: a}]", "{", "\x00"],
)
def test_a_policy_that_is_none_judges_nothing(example: Project, text: str) -> None:
    """A policy that cannot be read is never taken for one that admits all."""
    (example.root / "policy.yaml").write_text(text)
    ran = example.run("verify", "1.0.0", "--identity-policy", "policy.yaml")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert example.run("verify", "--identity-policy", "nowhere.yaml").code == 2


@pytest.mark.slow
def test_an_auditor_requires_a_domain_and_brings_a_root(example: Project) -> None:
    """Local seals fail where independent ones are required; the auditor's own root takes the place of all."""
    ran = example.run(
        "verify", "1.0.0", "--require-domain", "public", "--require-domain", "private", "--format", "json"
    )
    assert ran.code == 1
    assert outcomes(ran) == {"failed"}
    assert "private or public domain are required" in ran.json["seals"][0]["reason"]
    mine = example.root / "mine.json"
    published = example.device / "trust" / "local" / "trusted_root.json"
    mine.write_bytes(published.read_bytes())
    published.write_text("{}")
    own = example.run("verify", "1.0.0", "--trusted-root", "local=mine.json", "--format", "json")
    assert outcomes(own) == {"verified"}
    for wrong in ("mine.json", "else=mine.json", "local=nowhere.json"):
        ran = example.run("verify", "--trusted-root", wrong)
        assert ran.code == 2, wrong
    twice = example.run("verify", "--trusted-root", "local=mine.json", "--trusted-root", "local=mine.json")
    assert twice.code == 2


@pytest.mark.slow
def test_an_archive_is_held_to_the_auditors_demands_and_not_to_its_own(example: Project) -> None:
    """Settings inside the archive say nothing about trust; options do, and so does the auditor's root."""
    done(example, "archive", "create", "-o", "snapshot.zip")
    verify = ("verify", "--archive", "snapshot.zip", "--format", "json")
    assert outcomes(done(example, *verify)) == {"verified"}
    assert outcomes(example.run(*verify, "--require-domain", "public")) == {"failed"}
    policy = policy_of(example)
    without = [line for line in policy["signers"] if line["identity"] != MOREAU]
    (example.root / "policy.json").write_text(json.dumps(policy | {"signers": without}))
    seals = example.run(*verify, "--identity-policy", "policy.json").json["seals"]
    assert {seal["outcome"] for seal in seals} == {"verified", "failed"}
    done(example, "trust", "init", "--trust-folder", "other", "--name", "prognosis-180")
    stranger = example.root / "other" / "trusted_root.json"
    ran = example.run(*verify, "--trusted-root", f"local={stranger}")
    assert outcomes(ran) == {"failed"}
    assert any(hashlib.sha256(stranger.read_bytes()).hexdigest() in note for note in ran.json["notes"])
