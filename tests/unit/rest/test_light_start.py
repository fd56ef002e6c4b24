"""What scoring does not need to be ready is not loaded while it starts."""

import subprocess
import sys

IMPORTS = """
import sys
from crispml_core.rest.light_start import start_lightly
start_lightly()
from crispml_core.bootstrap.scoring import build
from crispml_core.rest.server import main
from crispml_scoring.app import create_app
"""
NOT_NEEDED = (
    "crispml_core.adapters.sql.retention.store",
    "crispml_core.methods.model_persist",
    "matplotlib",
    "numpy",
    "pandas",
    "pyarrow",
    "rich",
    "sklearn",
    "yaml",
)


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_start_loads_nothing_that_nobody_asked_for():
    found = run(f"{IMPORTS}\nprint(*[name for name in {NOT_NEEDED!r} if name in sys.modules])")
    assert found == []


def test_what_was_left_out_can_be_loaded_later():
    assert run(f"{IMPORTS}\nimport rich.pretty\nprint(rich.pretty.__name__)") == ["rich.pretty"]
