"""A small device, a small portal, and a way to break an archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from muniment import archive
from muniment.load import DeviceFiles

TRUSTED_ROOT = b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}\n'


def write(root: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return root


@pytest.fixture
def files(tmp_path: Path) -> DeviceFiles:
    return DeviceFiles(
        write(
            tmp_path / "evidence" / "device-1",
            {
                "device.yaml": b"kind: device\n",
                "releases/1.0.0/release.yaml": b"kind: release\n",
                "releases/1.0.0/manifest.json": b'{"files": []}\n',
                "releases/1.0.0/predictions.parquet": b"PAR1 rows of people PAR1",
                "notes/Ünïcode and space.md": "größer\n".encode(),
                "data/members.list": b"p1\np2\n",
            },
        )
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write(tmp_path / "site", {"index.html": b"<p>portal</p>\n", "assets/a.css": b"p{}\n"})


@pytest.fixture
def contents(files: DeviceFiles, site: Path) -> archive.Contents:
    holding = archive.Holding("device-1", files, files.listing(), frozenset({"data/members.list"}))
    return archive.Contents(
        site=site,
        holdings=(holding,),
        verification={"schema": "muniment/verification/v1", "outcome": "verified"},
        trust={"local": TRUSTED_ROOT},
        extras={"muniment.yaml": b"kind: settings\nschema: 1\n"},
        information={"Source-Organization": "Example Devices", "External-Identifier": "device-1"},
    )
