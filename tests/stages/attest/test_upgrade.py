"""What an upgrade of sigstore could break is known by name."""

from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[3] / "generator" / "muniment" / "attest"
LIBRARIES = ("sigstore", "sigstore_models", "rfc3161_client")

PUBLIC = {
    "rfc3161_client",
    "sigstore.dsse",
    "sigstore.oidc",
    "sigstore.models.Bundle",
    "sigstore.models.ClientTrustConfig",
    "sigstore.models.TrustedRoot",
    "sigstore.sign.SigningContext",
    "sigstore.verify.Verifier",
    "sigstore.verify.policy",
}
"""All that is imported of these libraries; none of it is private."""
PRIVATE = {"?._inner"}
"""What is reached of a library's objects and marked private there: the bytes of the public Sigstore's trust
config, which has no other way out. `SigningContext.from_trust_config` is documented, and marked so too."""


def trees() -> list[ast.Module]:
    paths = sorted(SOURCES.rglob("*.py"))
    assert len(paths) > 10
    return [ast.parse(path.read_text()) for path in paths]


def test_only_these_names_of_sigstore_are_used() -> None:
    """A new use of the library, and every use of a private module of it, is a decision taken here."""
    used = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                used |= {alias.name for alias in node.names if alias.name.split(".")[0] in LIBRARIES}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
                used |= {f"{node.module}.{alias.name}" for alias in node.names}
    assert used == PUBLIC
    assert not [name for name in used if "._" in name]


def test_only_this_private_attribute_of_another_object_is_used() -> None:
    """Private names are reached through `self`, but for the one that is named above and why."""
    reached = set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
                owner = node.value.id if isinstance(node.value, ast.Name) else "?"
                if owner not in ("self", "cls"):
                    reached.add(f"{owner}.{node.attr}")
    assert reached == PRIVATE


def test_the_version_that_was_tried_is_installed() -> None:
    """The recipe was tried with sigstore 4.5; another minor version must be tried before it is allowed."""
    assert version("sigstore").startswith("4.5.")
