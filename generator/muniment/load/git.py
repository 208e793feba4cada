"""What git knows of a commit in the making: its changes, and the files as they will be committed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from muniment.errors import UnreadableInput, UsageError

_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
"""Set by git when it runs a hook, at times relative to the folder the hook runs in."""
_QUIET = ("-c", "core.fsmonitor=false", "--no-optional-locks", "--literal-pathspecs")


@dataclass(frozen=True, slots=True)
class Repository:
    """One git repository, asked through the `git` command."""

    top: Path
    """The top folder of its work tree, links followed."""
    start: Path
    """The folder git is run in."""

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """Return the repository that `folder` lies in, or, in a git hook, the one that is committed to.

        Raises `UsageError` outside a work tree and `UnreadableInput` where git is missing or fails.
        """
        start = Path.cwd() if any(name in os.environ for name in _HOOK) else folder
        done = _run(start, "rev-parse", "--show-toplevel")
        if done.returncode or not done.stdout.strip():
            raise UsageError(
                "--staged needs a git work tree, and this is none",
                hint="run it inside the repository, or name files: muniment check [PATH]...",
            )
        return cls(Path(os.fsdecode(done.stdout.rstrip(b"\n"))).resolve(), start)

    def staged(self) -> tuple[str, ...]:
        """Return every path that the next commit adds, changes, deletes or renames, old name and new.

        Sorted, relative to the top. Raises `UsageError` while a merge has unresolved conflicts.
        """
        # Without rename detection a rename is a deletion and an addition, which is what it does to evidence;
        # git's own settings (diff.renames, copies) must not change the answer.
        words = self._ask("diff", "--cached", "--name-status", "-z", "--no-ext-diff", "--no-renames")
        found = set()
        for status, path in zip(words[::2], words[1::2], strict=True):
            if status.startswith("U"):
                raise UsageError(
                    f"{path} has an unresolved conflict", hint="resolve the merge, then stage it"
                )
            found.add(path)
        return tuple(sorted(found))

    def tracked(self, name: str) -> tuple[str, ...]:
        """Return every path in the index whose last part is `name`."""
        return tuple(path for path in self._ask("ls-files", "-z", "--full-name") if Path(path).name == name)

    def differs(self, paths: Iterable[str]) -> bool:
        """Whether the work tree below `paths` holds edits or new files that the next commit will not."""
        below = self._below(paths)
        return bool(
            self._ask("diff", "--name-only", "-z", "--no-ext-diff", "--", *below)
            or self._ask("ls-files", "--others", "--exclude-standard", "-z", "--", *below)
        )

    @contextmanager
    def index(self, paths: Iterable[str]) -> Iterator[Path]:
        """Yield a folder with the files below `paths` as they are staged; it is gone afterwards.

        Files that git is told to ignore (large tables kept elsewhere) are no part of any commit and are
        taken from the work tree, linked where the disk allows it.
        """
        below = self._below(paths)
        git = Path(os.fsdecode(_run(self.start, "rev-parse", "--absolute-git-dir").stdout.rstrip(b"\n")))
        with TemporaryDirectory(prefix="muniment-", dir=git) as name:
            folder = Path(name)
            known = self._ask("ls-files", "-z", "--full-name", "--", *below)
            done = _run(
                self.start,
                "checkout-index",
                "-z",
                "--stdin",
                f"--prefix={folder}/",
                given=b"".join(os.fsencode(self._local(path)) + b"\0" for path in known),
            )
            if done.returncode:
                raise UnreadableInput(f"git could not write the staged files: {_said(done)}")
            ignored = self._ask(
                "ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--full-name", "--", *below
            )
            for path in ignored:
                _place(self.top / path, folder / path)
            yield folder

    def _below(self, paths: Iterable[str]) -> list[str]:
        return [self._local(path) for path in paths]

    def _local(self, path: str) -> str:
        """Name a path of the repository from the folder git is run in."""
        return os.path.relpath(self.top / path, self.start.resolve())

    def _ask(self, *words: str) -> list[str]:
        done = _run(self.start, *words)
        if done.returncode:
            raise UnreadableInput(f"git {words[0]} failed: {_said(done)}", hint="see what `git status` says")
        return [os.fsdecode(part) for part in done.stdout.split(b"\0") if part]


def _run(folder: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise UnreadableInput(
            "git is not installed", hint="install it, or name files: muniment check [PATH]..."
        )
    return subprocess.run(  # noqa: S603 - no shell, fixed words, and paths only after `--` or on stdin
        [program, *_QUIET, *words], cwd=folder, input=given, capture_output=True, check=False
    )


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit {done.returncode}"


def _place(source: Path, target: Path) -> None:
    """Put an ignored file into the copy; what cannot be read is left out, and found missing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        try:
            shutil.copy2(source, target, follow_symlinks=False)
        except OSError:
            return
