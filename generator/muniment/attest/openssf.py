"""The OpenSSF model-signing statement: one folder, every file of it, and one digest over all.

The format is that of the package `model-signing` 1.x (predicate type `https://model_signing/signature/v1.0`),
restricted to whole files and SHA-256, with no links followed. Nothing of who signed stands in the statement:
that is in the certificate alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from muniment.attest.fields import Fields, Subjects, check_list
from muniment.attest.strict import Refused, canonical, require_keys
from muniment.attest.subjects import check_distinct, check_path, check_sha256

MODEL = "https://model_signing/signature/v1.0"
"""A model folder, signed as OpenSSF model signing does."""
MAX_FILES = 5_000
"""Files of one model folder."""

_SERIALIZATION = frozenset({"method", "hash_type", "allow_symlinks"})


def model_statement(name: str, files: Mapping[str, str], ignored: tuple[str, ...]) -> bytes:
    """Return the statement over the files (path to SHA-256) of the folder `name`; `Refused` for none.

    `ignored` are paths in the folder that were left out; they are named, so that a verifier leaves them
    out too, and can show that.
    """
    if not files or len(files) > MAX_FILES:
        raise Refused(f"A model folder has 1 to {MAX_FILES} files, this one has {len(files)}.")
    ordered = sorted(files, key=lambda path: PurePosixPath(path).parts)
    check_distinct(check_path(path) for path in ordered)
    predicate = {
        "resources": [{"algorithm": "sha256", "digest": files[path], "name": path} for path in ordered],
        "serialization": {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": False,
            "ignore_paths": sorted(check_path(path) for path in ignored),
        },
    }
    subject = [{"name": check_path(name), "digest": {"sha256": _root(files[path] for path in ordered)}}]
    return canonical(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subject,
            "predicateType": MODEL,
            "predicate": predicate,
        }
    )


def check_model(fields: Fields, subjects: Subjects) -> None:
    """Refuse a model's predicate that does not hold, or whose digests do not hash to the one subject."""
    require_keys(dict(fields), "model's predicate", frozenset({"resources", "serialization"}))
    how = require_keys(
        fields["serialization"], "model's serialization", _SERIALIZATION, frozenset({"ignore_paths"})
    )
    if (how["method"], how["hash_type"]) != ("files", "sha256"):
        raise Refused("Only models hashed file by file with SHA-256 are read; sign it again that way.")
    if how["allow_symlinks"] is not False:
        raise Refused("The model was signed with links followed, which shows nothing; sign it without.")
    for path in check_list(how.get("ignore_paths", ()), "ignore_paths"):
        check_path(path)
    listed = resources(fields)
    if len(subjects) != 1:
        raise Refused("A model has exactly one subject, its folder.")
    if _root(listed.values()) != next(iter(subjects.values())):
        raise Refused("The digest of the model is not the digest over its files.")


def resources(predicate: Mapping[str, Any]) -> dict[str, str]:
    """Return path to SHA-256 of the files that a model's predicate lists, in its order."""
    pairs = []
    for item in check_list(predicate["resources"], "resources", most=MAX_FILES, least=1):
        fields = require_keys(dict(item) if isinstance(item, Mapping) else item, "file", _RESOURCE)
        if fields["algorithm"] != "sha256":
            raise Refused("A file of the model is hashed with something else than SHA-256.")
        pairs.append((check_path(fields["name"]), check_sha256(fields["digest"], "digest of a file")))
    check_distinct(path for path, _ in pairs)
    return dict(pairs)


_RESOURCE = frozenset({"name", "algorithm", "digest"})


def _root(digests: Any) -> str:
    """Return the SHA-256 over the raw digests of all files, one after another."""
    whole = hashlib.sha256()
    for digest in digests:
        whole.update(bytes.fromhex(digest))
    return whole.hexdigest()
