"""Runs a module as a service that does not outlive the command that started it.

The command holds the other end of this process's standard input and never writes to it. The input
ends when the command ends, whatever ended it, also ``kill -9``.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

# Longer than a service needs to finish its open requests.
GRACE_S = 30.0


def main() -> None:
    """Run the module named on the command line."""
    module = sys.argv.pop(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
