"""Threads that come and go share the places that their memory is from."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from crispml_core.rest.memory import share_arenas

if sys.argv[1] == "shared":
    share_arenas()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
all_there = threading.Barrier(9)

def take():
    place = library.malloc(50_000)
    all_there.wait()
    library.free(place)

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads:
    thread.start()
all_there.wait()
for thread in threads:
    thread.join()
library.fopen.restype = ctypes.c_void_p
library.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
library.fclose.argtypes = [ctypes.c_void_p]
file = library.fopen(b"/dev/stdout", b"w")
library.malloc_info(0, file)
library.fclose(file)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only the C library of GNU has arenas")
@pytest.mark.parametrize(("how", "least", "most"), [("shared", 1, 2), ("alone", 5, 16)])
def test_threads_share_two_arenas(how: str, least: int, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    assert least <= done.stdout.count("<heap nr=") <= most
