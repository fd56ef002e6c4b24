"""Follow the rules of retention without a service: ``python -m crispml_training.retention``.

For a timer, such as a CronJob: it opens the database of the settings, deletes what is too old and
writes what became of each rule to standard output as JSON. ``--dry-run`` deletes nothing.
"""

from __future__ import annotations

import argparse
import sys

import msgspec

from crispml_core.bootstrap.retention import open_retention
from crispml_core.domain.errors import CrispMLError
from crispml_core.settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Follow the rules and return the exit code: 1 with a sentence if it fails."""
    parser = argparse.ArgumentParser(prog="crispml_training.retention", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would go")
    given = parser.parse_args(arguments)
    try:
        with open_retention(load_settings()) as retention:
            outcome = retention.look() if given.dry_run else retention.follow()
    except CrispMLError as error:
        print(error.message, file=sys.stderr)
        return 1
    print(msgspec.json.encode(outcome).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
