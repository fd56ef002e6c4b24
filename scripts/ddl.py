"""Write what each migration does on Db2, and back, for whoever reviews it: ``make ddl``."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from crispml_core.adapters.sql.schema import migrate

FOLDER = Path(__file__).parents[1] / "docs" / "ddl" / "db2"


def written() -> dict[str, str]:
    """Return the files by their names; the tables are taken to be without rows."""
    known = ["base", *(step.revision for step in migrate.pending(None))]
    files = {}
    for before, after in pairwise(known):
        for name, way in (
            (f"{after}.sql", (before, after)),
            (f"{after}.back.sql", (after, before)),
        ):
            files[name] = migrate.statements("db2+ibm_db://", *way).strip() + "\n"
    return files


def main() -> None:
    """Replace the files of the folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.sql"):
        old.unlink()
    for name, text in written().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
