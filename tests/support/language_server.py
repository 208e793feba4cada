"""A client of the YAML language server: opens one file as an editor does, and tells what the server says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}


class LanguageServer:
    """The server as a process that is spoken to over stdio."""

    def __init__(self, program: Path, root: Path) -> None:
        command = ["node", str(program), "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
        self._next = 0
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}
        folders = [{"uri": root.as_uri(), "name": "project"}]
        self.ask(
            "initialize", processId=None, rootUri=root.as_uri(), capabilities={}, workspaceFolders=folders
        )
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=SETTINGS)

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def opened(self, file: Path, text: str) -> list[dict[str, Any]]:
        """What the server objects to in `text` at the place of `file`."""
        uri = file.as_uri()
        self._diagnostics.pop(uri, None)
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        while uri not in self._diagnostics:
            self._note(self._read())
        return self._diagnostics[uri]

    def ask(self, method: str, **params: Any) -> Any:
        """The answer to a request."""
        self._next += 1
        self._send({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._next and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def at(self, method: str, file: Path, line: int, character: int) -> Any:
        """The answer to a request about a place, 0-based."""
        place = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", textDocument={"uri": file.as_uri()}, position=place)

    def _tell(self, method: str, **params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            # The server asks its client for settings or a registration; it has them, or does without.
            self._send({"jsonrpc": "2.0", "id": message["id"], "result": None})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        data = json.dumps(message).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            assert line or self._process.poll() is None, "the language server has ended"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message
