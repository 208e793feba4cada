"""Write docs/reference/ from the commands, the schemas and the policies.

python docs/generate.py            write the pages
python docs/generate.py --check    exit 1 where a page is not what would be written
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from muniment.cli.main import COMMANDS, cli

CHECKOUT = Path(__file__).resolve().parents[1]
REFERENCE = CHECKOUT / "docs" / "reference"
NOTE = "<!-- Written by docs/generate.py. Change the source, then run `make docs`. -->\n"


def cell(text: object) -> str:
    """Text that cannot break out of a table cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


# --- commands


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups before their members."""
    context = click.Context(cli, info_name="muniment")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None, name
        yield name, command
        if isinstance(command, click.Group):
            for member in sorted(command.commands):
                yield f"{name} {member}", command.commands[member]


def option_row(option: click.Option) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if isinstance(option.type, click.Choice):
        names += " " + " / ".join(str(choice) for choice in option.type.choices)
    elif not option.is_flag and option.metavar:
        names += f" {option.metavar}"
    notes = [option.help or ""]
    if option.required:
        notes.append("Required.")
    if option.multiple:
        notes.append("May be given several times.")
    if option.show_default and isinstance(option.default, str | int | float) and not option.is_flag:
        notes.append(f"Default: {option.default}.")
    return names, " ".join(note for note in notes if note)


def command_section(name: str, command: click.Command) -> str:
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    usage = " ".join(
        ["muniment", name, *(argument.make_metavar(click.Context(command)) for argument in arguments)]
    )
    parts = [f"## `{name}`\n", f"    {usage}\n", (command.help or command.short_help or "").strip() + "\n"]
    if options:
        parts.append(table(("option", "meaning"), [option_row(option) for option in options]))
    if command.epilog:
        parts.append(command.epilog.strip() + "\n")
    return "\n".join(parts)


def commands_page() -> str:
    intro = (
        "# Commands\n\n"
        "Output goes to stdout, progress and errors to stderr. Exit codes: 0 nothing to object, 1 findings,\n"
        "2 could not judge. Every option can be set by an environment variable: `MUNIMENT_CHECK_AS_OF` is\n"
        "`muniment check --as-of`.\n"
    )
    return "\n".join([NOTE, intro, *(command_section(*entry) for entry in commands())])


# --- records


def resolved(schema: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """`schema` with what its `$ref` into common.json says; its own words come first."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rsplit("/", 1)[-1]
    return {**shared.get(name, {}), **{key: value for key, value in schema.items() if key != "$ref"}}


def type_of(schema: dict[str, Any], shared: dict[str, Any]) -> str:
    named = shared.get(schema.get("$ref", "").rsplit("/", 1)[-1], {})
    schema = resolved(schema, shared)
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " / ".join(f"`{value}`" for value in schema["enum"])
    if "x-reference" in schema:
        return "id of " + ", ".join(schema["x-reference"])
    if "title" in named:
        return re.split("[,:]", str(named["title"]))[0]
    kind = schema.get("type")
    if kind == "array":
        return "list of " + type_of(schema.get("items", {}), shared)
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind is None:
        return (
            " or ".join(type_of(part, shared) for part in schema.get("anyOf", schema.get("oneOf", [])))
            or "any"
        )
    return str(kind)


def fields(
    schema: dict[str, Any], shared: dict[str, Any], at: str = ""
) -> Iterator[tuple[str, str, str, str]]:
    """One row a field, members of objects and of list elements included."""
    schema = resolved(schema, shared)
    if schema.get("type") == "array":
        yield from fields(schema.get("items", {}), shared, f"{at}[]")
        return
    required = schema.get("required", [])
    for name, member in schema.get("properties", {}).items():
        path = f"{at}.{name}".lstrip(".")
        whole = resolved(member, shared)
        meaning = whole.get("description", whole.get("title", ""))
        served = ", ".join(whole.get("x-requirements", []))
        need = "" if name in required else " (optional)"
        yield f"`{path}`{need}", type_of(member, shared), meaning, served
        yield from fields(member, shared, path)


def records_page() -> str:
    shared = json.loads((CHECKOUT / "schemas" / "common.json").read_text("utf-8"))["$defs"]
    parts = [
        NOTE,
        "# Records\n",
        "One section a record kind, from `schemas/`. An unknown field is an error; dates are quoted text\n"
        "`YYYY-MM-DD`. The last column names the requirements a field serves.\n",
    ]
    for path in sorted((CHECKOUT / "schemas").glob("*.json")):
        schema = json.loads(path.read_text("utf-8"))
        if path.name == "common.json":
            continue
        parts.append(f"## `{path.stem}`\n")
        parts.append(f"{schema.get('title', '')}\n")
        parts.append(table(("field", "type", "meaning", "serves"), fields(schema, shared)))
    return "\n".join(parts)


# --- rules


def parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def packs() -> Iterator[Path]:
    """Folders of the shipped packs."""
    yield from sorted(path.parent for path in (CHECKOUT / "policies").glob("*/pack.yaml"))


def rule_section(rule: dict[str, Any]) -> str:
    served = ", ".join(rule["requirements"])
    lines = [f"#### `{rule['id']}`\n", f"**{cell(rule['title'])}** — {rule['severity']}; serves {served}\n"]
    lines.append(f"{cell(rule['why'])} *How to fix it:* {cell(rule['fix'])}\n")
    for key in ("effective", "when", "let", "each", "at_least", "require"):
        if key in rule:
            lines.append(f"    {key}: {cell_code(rule[key])}")
    return "\n".join(lines) + "\n"


def cell_code(value: object) -> str:
    """An expression, or named expressions, on one line."""
    if isinstance(value, dict):
        return "; ".join(f"{name} = {cell_code(text)}" for name, text in value.items())
    return " ".join(str(value).split())


def pack_section(folder: Path) -> str:
    pack = parsed(folder / "pack.yaml")
    parts = [f"## Pack `{pack['id']}` {pack['version']}\n", f"{pack.get('title', '')}\n"]
    rows = [
        (f"`{name}`", f"`{cell_code(p['value'])}`", p["doc"]) for name, p in pack.get("params", {}).items()
    ]
    parts.append(table(("parameter", "value", "meaning"), rows))
    for path in sorted((folder / "rules").glob("*.yaml")):
        family = parsed(path)
        parts.append(f"### {family.get('title', path.stem)}\n")
        parts += [rule_section(rule) for rule in family["rules"]]
    if (folder / "taxonomy.yaml").is_file():
        parts.append(taxonomy_section(parsed(folder / "taxonomy.yaml")))
    return "\n".join(parts)


def taxonomy_section(taxonomy: dict[str, Any]) -> str:
    rows = [
        (
            f"`{entry['path']}`",
            entry["class"],
            f"`{entry['when']}`" if "when" in entry else "",
            entry["reason"],
        )
        for entry in taxonomy["paths"]
    ]
    head = f"### Change taxonomy\n\nWhatever no path names is *{taxonomy['default']}*.\n\n"
    return head + table(("path", "class", "when", "because"), rows)


def rules_page() -> str:
    parts = [NOTE, "# Rules\n", "Every rule of the shipped policy packs, from `policies/`.\n"]
    return "\n".join([*parts, *(pack_section(folder) for folder in packs())])


PAGES = {"commands.md": commands_page, "records.md": records_page, "rules.md": rules_page}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is stale")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{'stale' if check else 'wrote'}: docs/reference/{name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
