"""An audit hook (PEP 578) that notes whatever a file from outside must never cause.

Python calls it before it executes, compiles, imports, opens, connects or starts anything. What is
not permitted is noted and stopped. Code that lies in this installation may be executed, and files
below the permitted folders may be read or written; all else is a violation.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import CodeType
from typing import Any

_NEVER = (
    *(
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
    ),
    *("os.symlink", "os.link", "os.chmod", "os.chown", "os.putenv", "pty.spawn"),
    *("subprocess.Popen", "pickle.find_class", "ctypes.dlopen", "webbrowser.open"),
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request"),
    "code.__new__",
)
_MOVES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Violation(BaseException):
    """Stops what is not permitted, also in code that catches every `Exception`."""


class Guard:
    """Notes violations while it is armed.

    Parameters
    ----------
    readable, writable : tuple of Path
        Folders below which files may be opened, and changed.
    """

    def __init__(self, readable: tuple[Path, ...], writable: tuple[Path, ...]) -> None:
        installed = {sys.prefix, sys.base_prefix, str(Path(__file__).parents[3])}
        self._code = tuple(sorted({os.path.realpath(folder) for folder in installed} | installed))
        self._readable = (*self._code, *(os.path.realpath(folder) for folder in readable))
        self._writable = tuple(os.path.realpath(folder) for folder in writable)
        self._packages: set[str] = set()
        self._is_armed = False
        self.noted: list[str] = []

    def arm(self) -> None:
        """Note violations from now on; what is imported by then is expected."""
        self._packages = {name.split(".")[0] for name in sys.modules}
        sys.addaudithook(self._hear)
        self._is_armed = True

    def take(self) -> list[str]:
        """Return the violations since the last call."""
        noted, self.noted = self.noted, []
        return noted

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_armed or self._permits(event, arguments):
            return
        self.noted.append(f"{event} {arguments[:2]!r}"[:200])
        raise Violation(event)

    def _permits(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event in _NEVER:
            return False
        if event == "exec":
            code = arguments[0]
            return isinstance(code, CodeType) and self._is_code(code.co_filename)
        if event == "compile":
            # `ast.literal_eval` reads the heads of arrays; executing them would be an "exec".
            file = os.fsdecode(arguments[1] or "")
            return file == "<unknown>" or self._is_code(file)
        if event == "import":
            return arguments[0].split(".")[0] in self._packages
        if event == "open":
            return self._may_open(*arguments)
        if event in _MOVES:
            return self._may_move(event, arguments)
        return True

    def _is_code(self, file: str) -> bool:
        return file.startswith("<frozen ") or _is_below(file, self._code)

    def _may_open(self, path: Any, mode: str | None, flags: int) -> bool:
        if isinstance(path, int):
            return True
        where = os.fsdecode(path)
        if flags & _WRITES:
            return _is_below(where, self._writable)
        # Removing a tree opens its folders by their names, relative to one that was opened before.
        return _is_below(where, self._readable) or (
            not os.path.isabs(where) and bool(flags & os.O_DIRECTORY)
        )

    def _may_move(self, event: str, arguments: tuple[Any, ...]) -> bool:
        paths = arguments[:2] if event == "os.rename" else arguments[:1]
        relative = [item for item in arguments[1:] if isinstance(item, int) and item >= 0]
        if event in ("os.remove", "os.rmdir") and relative:
            return True
        return all(isinstance(p, int) or _is_below(os.fsdecode(p), self._writable) for p in paths)


def _is_below(file: str, folders: tuple[str, ...]) -> bool:
    real = os.path.realpath(file)
    return any(real == folder or real.startswith(f"{folder}{os.sep}") for folder in folders)
