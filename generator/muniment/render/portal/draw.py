"""Draws chart specifications as SVG, and keeps what it drew by the digest of the specification."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import vl_convert

from muniment.errors import MunimentError
from muniment.model.progress import Progress, silent

VEGA_LITE = "6.4"
SPEC = ".vl.json"

Make = Callable[[], bytes]


def images(files: Mapping[str, bytes], cache: Path | None, progress: Progress = silent) -> dict[str, bytes]:
    """Return an SVG beside each chart specification among `files`; drawn once for the same specification."""
    specs = sorted(path for path in files if path.endswith(SPEC))
    drawn = {}
    for number, path in enumerate(specs):
        progress("drawing charts", number, len(specs))
        drawn[path.removesuffix(SPEC) + ".svg"] = _kept(files[path], cache)
    return drawn


def bundle(cache: Path | None) -> bytes:
    """Return the script that makes charts live: Vega, Vega-Lite and Vega-Embed, in a scope of its own."""

    def make() -> bytes:
        script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
        return f"(() => {{\n{script}\n}})();\n".encode()

    return _remembered(cache, f"vega-{VEGA_LITE}-{_engine()}.js", make)


def _kept(spec: bytes, cache: Path | None) -> bytes:
    name = hashlib.sha256(_engine().encode() + b"\0" + spec).hexdigest() + ".svg"
    return _remembered(cache, name, lambda: _drawn(spec))


def _drawn(spec: bytes) -> bytes:
    try:
        svg = vl_convert.vegalite_to_svg(vl_spec=spec.decode(), vl_version=VEGA_LITE, allowed_base_urls=[])
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise MunimentError(
            f"a chart could not be drawn: {reason}", hint="report this with the evaluation"
        ) from None
    return (svg.rstrip() + "\n").encode()


def _engine() -> str:
    return version("vl-convert-python")


def _remembered(cache: Path | None, name: str, make: Make) -> bytes:
    if cache is None:
        return make()
    path = cache / name
    if path.is_file():
        return path.read_bytes()
    data = make()
    cache.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{name}.{os.getpid()}.new")
    fresh.write_bytes(data)
    fresh.replace(path)
    return data
