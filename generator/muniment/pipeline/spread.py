"""Work spread over two processes, its results in order whatever finishes first.

Forked, because a forked process is at work at once while a fresh interpreter spends a quarter of a second
on imports. Where the system cannot fork safely everything stays in one process.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from muniment import errors

WORKERS = 2
"""Processes at work. Judging is bound by the processor, and laptops and runners have two to spare."""


def possible() -> bool:
    """Whether this system can fork safely and has a second processor to use."""
    if not sys.platform.startswith("linux"):
        return False
    return len(os.sched_getaffinity(0)) >= WORKERS


def spread(jobs: Sequence[str], work: Callable[[str], Any]) -> Iterator[Any]:
    """Start two processes, and return an iterator over `work(job)` for each job in order.

    A result is what JSON can hold. At most a pipe's buffer of results waits, so memory does not grow with
    the jobs. A `MunimentError` in a worker is raised here as it was raised there. The processes are forked at
    once: what has threads may be begun afterwards.
    """
    results = _spread(jobs, work)
    next(results)
    return results


def _spread(jobs: Sequence[str], work: Callable[[str], Any]) -> Iterator[Any]:
    """Yield once the processes are at work, then each result."""
    gc.collect()
    gc.freeze()
    workers: list[tuple[int, int]] = []
    try:
        for number in range(WORKERS):
            workers.append(_forked(jobs[number::WORKERS], work, [handle for _, handle in workers]))
        streams = [os.fdopen(os.dup(handle), "rb") for _, handle in workers]
        with contextlib.ExitStack() as stack:
            for stream in streams:
                stack.enter_context(stream)
            yield None
            for number in range(len(jobs)):
                yield _result(streams[number % WORKERS].readline())
    finally:
        for pid, handle in workers:
            os.close(handle)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        gc.unfreeze()


def _forked(jobs: Sequence[str], work: Callable[[str], Any], others: list[int]) -> tuple[int, int]:
    """Start a worker; return its process id and the handle to read its results from."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        for handle in (reading, *others):
            os.close(handle)
        _work(jobs, work, writing)
    os.close(writing)
    return pid, reading


def _work(jobs: Sequence[str], work: Callable[[str], Any], writing: int) -> NoReturn:
    """Do the jobs and leave without running anything the parent has prepared for its own end."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with os.fdopen(writing, "wb") as stream:
            for job in jobs:
                stream.write(json.dumps(_outcome(job, work)).encode("ascii") + b"\n")
                stream.flush()
        code = 0
    finally:
        os._exit(code)


def _outcome(job: str, work: Callable[[str], Any]) -> dict[str, Any]:
    try:
        return {"result": work(job)}
    except errors.MunimentError as error:
        return {"error": [type(error).__name__, error.message, error.hint, error.where]}
    except Exception as error:  # the parent reports it as it would report its own
        return {"fault": f"{type(error).__name__}: {error}"}


def _result(line: bytes) -> Any:
    if not line:
        raise RuntimeError("a worker process ended early")
    outcome = json.loads(line)
    if "error" in outcome:
        name, message, hint, where = outcome["error"]
        raise getattr(errors, name)(message, hint=hint, where=where)
    if "fault" in outcome:
        raise RuntimeError(outcome["fault"])
    return outcome["result"]
