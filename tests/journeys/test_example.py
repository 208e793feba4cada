"""The worked example, used as a reader would use it."""

from __future__ import annotations

import re
import shutil

import pytest

from support.project import DEVICE, Project

EXPECTED = {
    "1.0.0": "released",
    "1.1.0-rc1": "rejected",
    "1.2.0": "released",
    "2.0.0-rc1": "rejected",
    "2.0.0": "released",
}


def test_the_example_gives_nothing_to_object(pristine: Project) -> None:
    """`muniment check` accepts the committed example."""
    ran = pristine.run("check")
    assert ran.code == 0, ran.out + ran.err
    assert "Traceback" not in ran.err


def test_statuses_are_derived_from_sealed_decisions(pristine: Project) -> None:
    """Each release has the status its seals give it, and the rejected ones are refused by a rule."""
    found = pristine.run("check", "--format", "json").json
    (device,) = found["devices"]
    releases = {r["release"]: r for r in device["releases"]}
    assert {version: r["status"] for version, r in releases.items()} == EXPECTED
    for version, release in releases.items():
        assert (release["outcome"] == "refused") == (EXPECTED[version] == "rejected"), version
    assert found["as_of"] == "2026-04-30"


def test_the_waiver_is_shown_and_covers_one_subgroup_only(pristine: Project) -> None:
    """2.0.0 rests on a waiver; it is shown as waived, never hidden."""
    found = pristine.run("check", "--format", "json").json
    release = next(r for r in found["devices"][0]["releases"] if r["release"] == "2.0.0")
    waived = [r for r in release["rulings"] if r["outcome"] == "waived"]
    assert len(waived) == 1
    assert "Colon Cancer" in waived[0]["message"]
    assert waived[0]["waiver"].startswith("decisions/")


def test_a_replay_before_the_release_sees_a_candidate(pristine: Project) -> None:
    """Judged at a date before its authorisation, a release is a candidate."""
    found = pristine.run("check", "--as-of", "2025-09-01", "--format", "json").json
    statuses = {r["release"]: r["status"] for r in found["devices"][0]["releases"]}
    assert statuses["1.0.0"] == "released"
    assert statuses["2.0.0"] == "candidate"


def test_why_gives_five_cited_answers(pristine: Project) -> None:
    """Each of the five answers is verified and cites bytes that exist."""
    ran = pristine.run("why", "2.0.0", "--verified", "--format", "json")
    assert ran.code == 0, ran.out + ran.err
    answers = ran.json["answers"]
    assert sorted(answers) == ["evidence", "what", "when", "who", "why"]
    for question, answer in answers.items():
        assert answer["text"], question
        assert answer["status"] == "verified", (question, answer)
        assert answer["citations"], question
        for citation in answer["citations"]:
            assert (pristine.device / citation["file"]).is_file(), citation
            assert len(citation["sha256"]) == 64


def test_why_without_verification_says_recorded(pristine: Project) -> None:
    """Nothing is called verified in a run that verified nothing."""
    answers = pristine.run("why", "2.0.0", "--format", "json").json["answers"]
    assert {answer["status"] for answer in answers.values()} == {"recorded"}


def test_everything_verifies(pristine: Project) -> None:
    """Files, numbers and seals of the committed example hold."""
    ran = pristine.run("verify", "--format", "json")
    found = ran.json
    assert (ran.code, found["outcome"]) == (0, "verified"), ran.out[-2000:]
    assert len(found["seals"]) >= 20
    assert all(seal["domain"] == "local" and seal["time_source"] == "rfc3161" for seal in found["seals"])
    assert all(number["outcome"] == "equal" for number in found["numbers"])


def test_one_release_verifies_alone(example: Project) -> None:
    """What bears on one release is what the whole says of it; a device without that version is no matter."""
    whole = example.run("verify", "--format", "json").json
    made = example.run("init", "other", "--device", "triage-ct", "--name", "Triage CT")
    assert made.code == 0, made.err
    shutil.copytree(example.root / "other" / "evidence" / "triage-ct", example.device.parent / "triage-ct")
    shutil.rmtree(example.root / "other")
    ran = example.run("verify", "1.2.0", "--format", "json")
    assert ran.code == 0, ran.out[-1000:] + ran.err
    found = ran.json
    mine = [number for number in whole["numbers"] if "releases/1.2.0/" in number["pointer"]]
    assert found["numbers"] == mine != []
    assert {seal["file"] for seal in found["seals"]} < {seal["file"] for seal in whole["seals"]}
    assert {each["device"] for each in found["trails"]} == {DEVICE}


@pytest.mark.parametrize("command", [("check", "--deep"), ("verify",)])
def test_one_byte_of_a_prediction_table_is_noticed(example: Project, command: tuple[str, ...]) -> None:
    """Editing one byte of a prediction table fails, and the file is named."""
    table = example.device / "releases" / "1.2.0" / "predictions.parquet"
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(bytes(data))
    ran = example.run(*command)
    assert ran.code == 1, ran.out + ran.err
    assert "releases/1.2.0/predictions.parquet" in ran.out
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", [("check", "--deep"), ("verify",)])
def test_an_edited_number_is_noticed(example: Project, command: tuple[str, ...]) -> None:
    """A number typed into evaluation.json is found by recomputing it, and its place is named."""
    path = example.device / "releases" / "1.2.0" / "evaluation.json"
    text = path.read_text("utf-8")
    at = text.index('"value": 0.') + len('"value": 0.')
    digit = text[at]
    path.write_text(text[:at] + ("1" if digit != "1" else "2") + text[at + 1 :], "utf-8")
    ran = example.run(*command)
    assert ran.code == 1, ran.out + ran.err
    assert "releases/1.2.0/evaluation.json" in ran.out


def test_removing_a_seal_takes_the_answer_away(example: Project) -> None:
    """Without the signatures, nobody approved: the answer reads unsupported, and the check objects."""
    for seal in (example.device / "seals" / "releases" / "2.0.0").glob("*"):
        seal.unlink()
    found = example.run("check", "--format", "json").json
    release = next(r for r in found["devices"][0]["releases"] if r["release"] == "2.0.0")
    assert release["status"] == "candidate"
    assert release["outcome"] != "accepted"


def test_diff_names_the_class_and_the_rule_of_each_change(pristine: Project) -> None:
    """1.0.0 to 1.2.0 changed features and the operating point: clinical, each path with its reason."""
    found = pristine.run("diff", "1.0.0", "1.2.0", "--format", "json").json
    assert found["class"] == "clinical"
    assert all(change["rule"] and change["reason"] for change in found["changes"])
    paths = {change["path"] for change in found["changes"]}
    assert "/plan/operating_points/flag/threshold" in paths
    assert any(path.startswith("/datasets/features/") for path in paths)


def test_diff_shows_values_as_records_write_them(pristine: Project) -> None:
    """What is no text is JSON, which YAML reads as well; nothing is spelled as the program keeps it."""
    ran = pristine.run("diff", "1.2.0", "2.0.0")
    assert 'nothing → {"name": "bun", "modality": "structured record"' in ran.out
    assert not re.search(r"\bNone\b|\bTrue\b|\bFalse\b|\{'|\('", ran.out)


def test_an_unknown_release_lists_what_there_is(pristine: Project) -> None:
    """A wrong name is exit 2 with the releases that exist."""
    ran = pristine.run("why", "9.9.9")
    assert ran.code == 2
    assert f"{DEVICE}/2.0.0" in ran.err


def test_a_sealed_record_edited_afterwards_is_noticed_at_the_keyboard(example: Project) -> None:
    """Signed minutes are never edited: the quick check names the record, the signer and the day."""
    path = "decisions/board-1.0.0.yaml"
    text = (example.device / path).read_text("utf-8")
    (example.device / path).write_text(text + "# a remark\n", "utf-8")
    ran = example.run("check")
    assert ran.code == 1
    assert f"evidence/{DEVICE}/{path}:" in ran.out
    assert "changed after claire.moreau@example.invalid sealed it on 2024-02-15" in ran.out


def test_an_open_condition_becomes_overdue_with_the_date(pristine: Project) -> None:
    """Judged after its due day, a condition that no record closes refuses the release."""
    found = pristine.run(
        "check", "--as-of", "2026-07-09", "--rule", "conditions-not-overdue", "--format", "json"
    ).json
    release = next(r for r in found["devices"][0]["releases"] if r["release"] == "2.0.0")
    unmet = [r["message"] for r in release["rulings"] if r["outcome"] == "unmet"]
    assert len(unmet) == 2
    assert any("BC-4" in message for message in unmet)
