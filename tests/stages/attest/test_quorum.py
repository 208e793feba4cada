"""Whose word counts: each refusal has its own reason."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.support.sealed import MANIFEST, PEOPLE, ROSTER

from muniment import attest
from muniment.attest.predicates import APPROVAL, RELEASE
from muniment.model.edition import Approval
from muniment.model.seal import Seal
from muniment.model.tree import frozen

DIGEST = "ab" * 32


def seal(who: str, role: str, day: str, **changes: Any) -> Seal:
    """A verified approval seal, as `verify` returns it."""
    name, email = PEOPLE.get(who, (who, who))
    predicate = {
        "release": "1.0.0",
        "release_digest": DIGEST,
        "decision": changes.pop("decision", "approve"),
        "meaning": "clinical_approval",
        "conditions": changes.pop("conditions", []),
        "printed_name": changes.pop("printed_name", name),
        "identity": email,
        "role": role,
        "signed_at": f"{day}T09:00:00Z",
        **({"expires": changes.pop("expires")} if "expires" in changes else {}),
    }
    fields: dict[str, Any] = {
        "file": f"seals/releases/1.0.0/approval-{who}-{day}.sigstore.json",
        "sha256": "cd" * 32,
        "predicate_type": APPROVAL,
        "subjects": {MANIFEST: DIGEST},
        "predicate": frozen(predicate),
        "identity": email,
        "issuer": "https://example.muniment.invalid",
        "domain": "local",
        "time": f"{day}T09:00:00Z",
        "time_source": "rfc3161",
        "log_index": 1,
        "outcome": "verified",
        **changes,
    }
    return Seal(**fields)


def judge(*seals: Seal, **changes: Any) -> tuple[Approval, ...]:
    case: dict[str, Any] = {
        "roster": frozen(ROSTER),
        "version": "1.0.0",
        "manifest_sha256": DIGEST,
        "author": "ada",
        "basis": "verified",
        "as_of": "2024-03-31",
        **changes,
    }
    return attest.approvals(seals, **case)


def problem(*seals: Seal, **changes: Any) -> str:
    """The problem of the last approval, which must not count."""
    approval = judge(*seals, **changes)[-1]
    assert approval.valid == (not approval.problem)
    return approval.problem


def test_a_sound_approval_counts() -> None:
    """Person, role on the day, digest and seal hold: valid, and shown with who and when."""
    (approval,) = judge(seal("ben", "clinical", "2024-03-02"))
    assert (approval.person, approval.name, approval.role) == ("ben", "Ben Okafor", "clinical")
    assert approval.valid
    assert approval.problem == ""
    assert approval.time == "2024-03-02T09:00:00Z"


def test_roster_entries_hold_from_first_to_last_day() -> None:
    """Both ends of a roster entry belong to it; the day after does not."""
    assert problem(seal("ben", "clinical", "2024-01-01")) == ""
    assert problem(seal("ben", "clinical", "2024-03-03")) == ""
    late = problem(seal("ben", "clinical", "2024-03-04"))
    assert late == "Ben Okafor held the role clinical until 2024-03-03, and sealed on 2024-03-04."


def test_a_role_granted_after_signing_does_not_count() -> None:
    """Nobody approves in a role that was given to them later."""
    early = problem(seal("cyd", "biostatistics", "2024-03-04"))
    assert early == "Cyd Moreau was given the role biostatistics on 2024-03-05, after sealing on 2024-03-04."


def test_a_role_never_held_does_not_count() -> None:
    """The role in the statement is a claim, the roster is the fact."""
    assert "does not hold the role regulatory" in problem(seal("ben", "regulatory", "2024-03-02"))


def test_the_author_never_approves() -> None:
    """The author's word does not count, whatever role they hold besides."""
    assert "is the author" in problem(seal("ada", "engineering", "2024-03-02"))


def test_without_an_author_nobody_is_independent_of_them() -> None:
    """Missing evidence never turns into validity."""
    assert "names no author" in problem(seal("ben", "clinical", "2024-03-02"), author=None)


def test_services_never_approve() -> None:
    """Neither a listed service nor any workload identity counts, even if the roster lists it as a person."""
    roster = deepcopy(ROSTER)
    uri = "https://ci.example.invalid/build"
    roster["people"] += [
        {"id": "ci", "name": "CI", "email": "ci@example.invalid"},
        {"id": "wf", "name": "WF", "email": uri},
    ]
    roster["entries"] += [
        {"person": who, "role": "clinical", "from": "2023-01-01", "to": None} for who in ("ci", "wf")
    ]
    listed = seal("ci@example.invalid", "clinical", "2024-03-02", printed_name="CI")
    workload = seal(uri, "clinical", "2024-03-02", printed_name="WF")
    assert "is a service" in problem(listed, roster=roster)
    assert "is a service" in problem(workload, roster=roster)


def test_one_person_fills_one_role() -> None:
    """The second role of one person does not count, in order of time."""
    first, second = judge(seal("ben", "quality", "2024-03-02"), seal("ben", "clinical", "2024-03-01"))
    assert (first.role, first.valid) == ("clinical", True)
    assert (second.role, second.valid) == ("quality", False)
    assert second.problem == "Ben Okafor has already decided as clinical; one person fills one role."


def test_a_second_word_replaces_the_first() -> None:
    """Two seals of one person in one role are one voice: the last."""
    before, after = judge(
        seal("dee", "quality", "2024-03-02"),
        seal("dee", "quality", "2024-03-03", decision="reject"),
    )
    assert (before.valid, after.valid) == (False, True)
    assert "decided again since" in before.problem


def test_a_changed_release_voids_its_approvals() -> None:
    """Any change of the release digest voids every approval of it."""
    assert "has changed since" in problem(seal("ben", "clinical", "2024-03-02"), manifest_sha256="ef" * 32)
    assert "no manifest" in problem(seal("ben", "clinical", "2024-03-02"), manifest_sha256=None)


def test_an_approval_of_another_release_does_not_bear_on_this_one() -> None:
    """A seal on another release's manifest is not even listed; one that claims this release is refused."""
    other = {"releases/2.0.0/manifest.json": DIGEST}
    predicate = frozen({**seal("ben", "clinical", "2024-03-02").predicate, "release": "2.0.0"})
    assert judge(seal("ben", "clinical", "2024-03-02", subjects=other, predicate=predicate)) == ()
    assert "on another file" in problem(seal("ben", "clinical", "2024-03-02", subjects=other))


def test_seals_count_on_the_basis_asked_for() -> None:
    """A recorded seal counts on the recorded basis only, a failed one on none."""
    recorded = seal("ben", "clinical", "2024-03-02", outcome="recorded", domain=None)
    assert "not verified" in problem(recorded)
    assert problem(recorded, basis="recorded") == ""
    failed = seal("ben", "clinical", "2024-03-02", outcome="failed", reason="It was flipped.", identity=None)
    for basis in ("recorded", "verified"):
        assert problem(failed, basis=basis) == "The seal does not hold. It was flipped."


def test_a_stranger_does_not_count() -> None:
    """The certificate's e-mail must be exactly one person's on the roster, letter for letter."""
    assert "not the e-mail of exactly one person" in problem(
        seal("eve@example.invalid", "clinical", "2024-03-02")
    )
    upper = seal("ben", "clinical", "2024-03-02", identity="BEN@example.invalid")
    assert "not the e-mail of exactly one person" in problem(upper)
    twice = deepcopy(ROSTER)
    twice["people"].append({"id": "ben2", "name": "Ben", "email": "ben@example.invalid"})
    assert "not the e-mail" in problem(seal("ben", "clinical", "2024-03-02"), roster=twice)
    assert "not the e-mail" in problem(seal("ben", "clinical", "2024-03-02"), roster=None)


def test_the_printed_name_is_the_signers() -> None:
    """Nobody prints another's name over their own signature."""
    borrowed = seal("ben", "clinical", "2024-03-02", printed_name="Dee Rossi")
    assert problem(borrowed) == "The printed name Dee Rossi is not Ben Okafor, whose e-mail signed."


def test_an_invalid_word_uses_up_no_role() -> None:
    """What does not count does not keep its signer from a valid role."""
    first, second = judge(seal("ben", "regulatory", "2024-03-01"), seal("ben", "clinical", "2024-03-02"))
    assert (first.valid, second.valid) == (False, True)


ONE, OTHER = "https://accounts.example.invalid", "https://login.example.invalid"


def pinned(person: str, issuer: str) -> Any:
    """The roster with the issuer that must vouch for a person."""
    roster = deepcopy(ROSTER)
    for entry in roster["people"]:
        if entry["id"] == person:
            entry["issuer"] = issuer
    return frozen(roster)


def test_only_the_issuer_that_the_roster_expects_vouches_for_a_person() -> None:
    """An address is worth what the provider behind it is worth; another provider's word is not accepted."""
    roster = pinned("ben", ONE)
    assert problem(seal("ben", "clinical", "2024-03-02", issuer=ONE), roster=roster) == ""
    said = problem(seal("ben", "clinical", "2024-03-02", issuer=OTHER), roster=roster)
    assert said == f"{OTHER} vouches for ben@example.invalid; the roster expects {ONE}."
    # An issuer's name is an address: nothing about it is folded or trimmed.
    assert "expects" in problem(seal("ben", "clinical", "2024-03-02", issuer=f"{ONE}/"), roster=roster)


def test_two_issuers_for_one_address_are_not_two_people() -> None:
    """Where the roster names no issuer, the first that vouched for an address keeps it."""
    first, second = judge(
        seal("ben", "clinical", "2024-03-01", issuer=ONE), seal("ben", "quality", "2024-03-02", issuer=OTHER)
    )
    assert (first.valid, second.valid) == (True, False)
    assert second.problem == (
        f"{OTHER} vouches for ben@example.invalid, and {ONE} did so before;"
        " the roster has to say which of them may (`issuer`)."
    )
    again = judge(
        seal("ben", "clinical", "2024-03-01", issuer=ONE), seal("ben", "clinical", "2024-03-02", issuer=OTHER)
    )
    assert [approval.valid for approval in again] == [True, False]


def test_outside_the_local_domain_the_roster_names_the_issuer() -> None:
    """A public authority certifies addresses of many providers, so an address alone names nobody."""
    for domain in ("private", "public"):
        vote = seal("ben", "clinical", "2024-03-02", issuer=ONE, domain=domain)
        assert "the roster does not say who may" in problem(vote)
        assert problem(vote, roster=pinned("ben", ONE)) == ""


def test_an_issuer_is_not_asked_of_a_seal_that_was_only_read() -> None:
    """A recorded seal states no issuer; the ruling says that it rests on what is recorded."""
    recorded = seal("ben", "clinical", "2024-03-02", outcome="recorded", domain=None, issuer=None)
    assert problem(recorded, basis="recorded", roster=pinned("ben", ONE)) == ""


def authorisation(who: str, day: str, **changes: Any) -> Seal:
    """A verified release authorisation."""
    return seal(who, "quality", day, predicate_type=RELEASE, file=f"seals/releases/1.0.0/r-{who}", **changes)


def test_an_approval_counts_up_to_its_last_day() -> None:
    """Both on the last day and before it counts; a day later it has to be given again."""
    vote = seal("ben", "clinical", "2024-03-02", expires="2024-03-10")
    assert problem(vote, as_of="2024-03-10") == ""
    late = problem(vote, as_of="2024-03-11")
    assert late == (
        "The approval expired on 2024-03-10, before the release was authorised; it has to be given again."
    )


def test_a_release_authorised_in_time_stays_approved() -> None:
    """Expiry bounds the time until the authorisation; it does not take back what was released since."""
    vote = seal("ben", "clinical", "2024-03-02", expires="2024-03-10")
    assert judge(vote, authorisation("dee", "2024-03-10"))[0].valid
    assert not judge(vote, authorisation("dee", "2024-03-11"))[0].valid


def test_only_a_sound_authorisation_stops_the_clock() -> None:
    """Nobody keeps an approval from expiring by sealing an authorisation that they may not give."""
    vote = seal("ben", "clinical", "2024-03-02", expires="2024-03-10")
    for empty in (
        authorisation("cyd", "2024-03-09"),
        authorisation("dee", "2024-03-09", outcome="failed", reason="It was flipped."),
        authorisation("dee", "2024-03-09", subjects={MANIFEST: "ef" * 32}),
        authorisation("dee", "2023-12-31"),
    ):
        assert not judge(vote, empty)[0].valid
