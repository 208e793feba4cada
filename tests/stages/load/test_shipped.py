"""What ships with the program is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from muniment import shipped
from muniment.errors import UnreadableInput


def test_the_checkout_serves_an_editable_install() -> None:
    """Without a wheel's own copy, the checkout's folders are used."""
    assert (shipped.folder("schemas") / "common.json").is_file()
    assert shipped.file("mkdocs.yml").is_file()


def test_a_wheel_is_read_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed files win over a checkout that happens to lie around the package."""
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(shipped, "_WHEEL", tmp_path)
    assert shipped.folder("schemas") == tmp_path / "schemas"


def test_what_is_missing_is_said() -> None:
    """An incomplete installation is one clear error."""
    with pytest.raises(UnreadableInput, match="lacks its own nothing"):
        shipped.folder("nothing")
