"""What the shell completes: release names and rule ids, read cheaply and never in error."""

from __future__ import annotations

import re
from pathlib import Path

import click

_RULE = re.compile(r"^ *- id: *([a-z0-9-]+)", re.MULTILINE)


def release_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return versions that begin with `incomplete`, and `DEVICE/VERSION` where two devices share one."""
    evidence = _evidence(ctx)
    found: dict[str, list[str]] = {}
    if evidence is not None:
        for release in sorted(evidence.glob("*/releases/*/release.yaml")):
            found.setdefault(release.parts[-2], []).append(release.parts[-4])
    names = list(found)
    if "/" in incomplete or any(len(devices) > 1 for devices in found.values()):
        names += [f"{device}/{version}" for version, devices in found.items() for device in devices]
    return [name for name in names if name.startswith(incomplete)]


def rule_ids(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the ids of shipped rules that begin with `incomplete`."""
    from muniment import shipped

    files = shipped.folder("policies").glob("*/rules/*.yaml")
    ids = {rule for file in files for rule in _RULE.findall(file.read_text("utf-8"))}
    return sorted(rule for rule in ids if rule.startswith(incomplete))


def _evidence(ctx: click.Context) -> Path | None:
    """Return the evidence folder of the command line so far; a faulty project completes to nothing."""
    from muniment.cli.common import doors
    from muniment.errors import MunimentError
    from muniment.pipeline.request import request

    try:
        return request(doors(quiet=True), start=Path.cwd(), evidence=ctx.params.get("evidence")).evidence
    except MunimentError:
        return None
