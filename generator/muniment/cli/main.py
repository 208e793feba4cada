"""Entry point. Commands are imported only when called, so that `check` stays quick."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from muniment import __version__
from muniment.cli.common import ExitCode, complain, say
from muniment.errors import MunimentError

COMMANDS = {
    "init": ("muniment.cli.init", "Scaffold a device folder."),
    "check": ("muniment.cli.check", "Check records, references, digests and policies."),
    "rules": ("muniment.cli.rules", "List the rules and the requirements they serve."),
    "explain": ("muniment.cli.rules", "Explain a rule, a requirement or a change path."),
    "policy": ("muniment.cli.policy", "Lint, test and try policy packs."),
    "diff": ("muniment.cli.diff", "Show the classified changes between two releases."),
    "why": ("muniment.cli.why", "Answer what changed, when, why, who approved, on what evidence."),
    "measure": ("muniment.cli.measure", "Compute metrics with intervals from row-level predictions."),
    "compare": ("muniment.cli.measure", "Compare two prediction tables on the same patients."),
    "drift": ("muniment.cli.measure", "Show how far a window's columns are from a baseline's."),
    "snapshot": ("muniment.cli.snapshot", "Write an immutable manifest of a dataset's files."),
    "evaluate": ("muniment.cli.evaluate", "Run a release's locked plan; write evaluation and analysis."),
    "freeze": ("muniment.cli.evaluate", "Write a release's manifest.json; from here on approvals bind."),
    "trust": ("muniment.cli.trust", "Make, show and check trust domains; enrol people and their keys."),
    "lock": ("muniment.cli.seal", "Seal an acceptance plan before the evaluation."),
    "sign": ("muniment.cli.seal", "Seal a record as its author or reviewer."),
    "approve": ("muniment.cli.seal", "Sign an approval of a frozen release."),
    "reject": ("muniment.cli.seal", "Sign a rejection of a frozen release."),
    "recuse": ("muniment.cli.seal", "Sign a recusal from a frozen release."),
    "promote": (
        "muniment.cli.promote",
        "Put a release into use, sealed, or say why it may not be.",
    ),
    "verify": ("muniment.cli.verify", "Re-hash, recompute and verify every seal, offline."),
    "model": ("muniment.cli.model", "Sign and verify the folder of a model (OpenSSF model signing)."),
    "trail": ("muniment.cli.trail", "Print what was sealed and published, and whether that chain holds."),
    "build": ("muniment.cli.build", "Build the portal into build/site."),
    "serve": ("muniment.cli.build", "Serve the portal and rebuild it when evidence changes."),
    "migrate": ("muniment.cli.migrate", "Bring older records to the present schema version."),
    "schemas": ("muniment.cli.schemas", "Write the schemas where an editor finds them."),
    "archive": ("muniment.cli.archive", "Make a verifiable snapshot for a regulator."),
}
"""Command name to the module that defines it, with the line `--help` shows without importing it."""


COLLECTING = (20_000, 20, 50)
"""Values made, and rounds, between two collections of each age."""

SHARED = frozenset(
    ("evidence", "as-of", "quiet", "no-color", "trust-folder", "passphrase-file", "trust-config")
)
"""Options that mean the same in every command: for these a variable without a command's name will do."""


def _name_variables(command: click.Command, prefix: str) -> None:
    """Give every option the environment variable its flag spells: `check --as-of` is MUNIMENT_CHECK_AS_OF."""
    for option in command.params:
        if isinstance(option, click.Option):
            flag = max(option.opts, key=len).lstrip("-")
            shared = [_variable("MUNIMENT", flag)] if flag in SHARED else []
            option.envvar = [_variable(prefix, flag), *shared]
    for name, below in getattr(command, "commands", {}).items():
        _name_variables(below, f"{prefix}_{name.upper()}")


def _variable(prefix: str, flag: str) -> str:
    return f"{prefix}_{flag}".upper().replace("-", "_")


class ReaderGone(Exception):
    """Whoever read stdout has stopped reading. No `OSError`, which click would end with exit code 1."""


class LazyGroup(click.Group):
    """A group whose commands live in modules that are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that defines `cmd_name`."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        _name_variables(command, f"MUNIMENT_{cmd_name.upper()}")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for one that does not exist."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: muniment check && muniment why 2.0.0. "
    "Exit codes: 0 nothing to object, 1 findings, 2 could not judge. "
    "Every option can be set by an environment variable named after its command: "
    "MUNIMENT_CHECK_FORMAT=json is `check --format json`; MUNIMENT_EVIDENCE, MUNIMENT_AS_OF, "
    "MUNIMENT_QUIET, MUNIMENT_NO_COLOR and MUNIMENT_TRUST_FOLDER hold for every command. "
    'Completion: eval "$(_MUNIMENT_COMPLETE=bash_source muniment)" (or zsh_source, fish_source).',
)
@click.version_option(__version__, prog_name="muniment")
def cli() -> None:
    """Evidence for AI medical devices: checked, measured, sealed and shown."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; bad input never ends in a traceback."""
    _settle_output()
    # A command makes many values that stay and few rings: looking for rings less often saves a twentieth.
    gc.set_threshold(*COLLECTING)
    # The threads of NumPy's linear algebra take as long to start as 10,000 rows to measure, and nothing here
    # may depend on how many there are.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        code: Any = cli.main(args=argv, standalone_mode=False)
    except MunimentError as error:
        complain(error)
        code = ExitCode.NO_JUDGEMENT
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = ExitCode.NO_JUDGEMENT
    except (click.Abort, KeyboardInterrupt):
        say("stopped", err=True)
        code = 130
    except ReaderGone:
        # The reader has gone (`| head`). Point stdout at nothing so that its final flush is silent.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        # A full disk, a folder where a file belongs, no permission: the world is at fault, and says how.
        named = f"{_shown(str(error.filename))}: " if error.filename else ""
        say(f"error: {named}{error.strerror or error}", err=True)
        if error.filename:
            say("  hint: check that it is there, is of the right kind, and may be written", err=True)
        code = ExitCode.NO_JUDGEMENT
    except Exception as error:  # an exit code of 1 would read as findings, and there was no judgement
        if os.environ.get("MUNIMENT_TRACEBACK"):
            raise
        say(f"error: internal fault, {type(error).__name__}: {str(error)[:200]}", err=True)
        say(
            "  hint: this is a fault of muniment, not a finding about the evidence; "
            "set MUNIMENT_TRACEBACK=1 to see where, and report it",
            err=True,
        )
        code = ExitCode.NO_JUDGEMENT
    if argv is None:
        gc.freeze()  # the process ends here: a last look for rings among all it made would be for nothing
    sys.exit(code if isinstance(code, int) else 0)


def _shown(path: str) -> str:
    """Name a path from where the user stands, or by its last part."""
    try:
        return Path(path).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return Path(path).name


def _settle_output() -> None:
    """Write the same bytes under every locale; a terminal shows `?` for what it cannot draw."""
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if stream.isatty():
            stream.reconfigure(errors="replace")
        else:
            stream.reconfigure(encoding="utf-8", errors="replace", newline="\n")


if __name__ == "__main__":
    main()
