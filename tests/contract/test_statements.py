"""Every statement of the stores is one that Db2 11.5 takes, and tables may be a release ahead.

One run of the contract suite proves both: its databases have the tables of the next release, and
what is sent to them is recorded.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import crispml_core.adapters.sql as stores
from crispml_core.adapters.sql.databases.capabilities import DB2
from tests.ahead import ASKED

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FOLDER = Path(stores.__file__).parent
EXECUTES = ("execute", "exec_driver_sql", "executemany")

# What is of one database, or asks each in its own words.
OF_ONE_DATABASE = {
    "databases/db2.py",
    "databases/sqlite.py",
    "scores/postgresql_append.py",
    "scores/sqlite_append.py",
    "scores/sqlite_prompt.py",
}
WAYS_OF_ONE_DATABASE = {
    ("audit/log.py", "_be_the_only_one"),
    ("databases/raw_batches.py", "_fetched"),
    ("labels/rows.py", "_insert_raw"),
}
# Files of tests about the way from one revision to another.
LEFT_OUT = ("ahead", "killed_upgrades", "migrations", "statements")
# What other tests send to each database.
OF_MIGRATIONS = {"databases/upgrade_lock.py", "schema/migrate.py", "schema/revision.py"}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """How the contract suite ended, one revision ahead, and the file with what it has sent."""
    output = tmp_path_factory.mktemp("statements") / "statements.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-p", "tests.contract.recorder", "-k", "sqlite", "-m", "not server and not trial"]
    command += ["--hypothesis-profile=quick"]
    command += [f"--ignore={HERE / f'test_{name}.py'}" for name in LEFT_OUT]
    done = subprocess.run(
        [*command, HERE],
        cwd=ROOT,
        env=os.environ | {ASKED: "1", "CRISPML_TEST_STATEMENTS": str(output)},
        capture_output=True,
        text=True,
    )
    return done, output


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_suite_of_all_stores_passes_one_revision_ahead(suite):
    done, _ = suite
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture(scope="module")
def sent(suite):
    """The statements of the contract suite: file, line, SQL for Db2, number of parameters."""
    done, output = suite
    assert done.returncode == 0, done.stdout[-3000:]
    return json.loads(output.read_text())


def sites() -> set[tuple[str, int, int]]:
    """Return where a store executes something: file, first and last line."""
    found = set()
    for file in FOLDER.rglob("*.py"):
        name = file.relative_to(FOLDER).as_posix()
        if "migrations" in file.parts or name in OF_ONE_DATABASE | OF_MIGRATIONS:
            continue
        for node in ast.walk(_of_all(name, ast.parse(file.read_text()))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in EXECUTES:
                found.add((name, node.lineno, node.end_lineno))
    return found


def _of_all(name: str, module: ast.Module) -> ast.Module:
    """Leave out the functions that are for one database."""
    module.body = [
        part
        for part in module.body
        if (name, getattr(part, "name", "")) not in WAYS_OF_ONE_DATABASE
    ]
    return module


@pytest.mark.slow
def test_the_suite_sends_something_from_every_place_that_executes(sent):
    lines = {(file, line) for file, line, _, _ in sent}
    silent = [
        f"{file}:{first}"
        for file, first, last in sorted(sites())
        if not any((file, line) in lines for line in range(first, last + 1))
    ]
    assert silent == []


@pytest.mark.slow
def test_every_statement_compiles(sent):
    assert [row for row in sent if row[2].startswith("does not compile")] == []


@pytest.mark.slow
def test_no_statement_has_more_parameters_than_db2_takes(sent):
    most = max(count for *_, count in sent)
    assert 100 < most <= DB2.parameters


# What Db2 for Linux, UNIX and Windows refuses, or does not mean as the others do.
REFUSED = {
    "an answer of an INSERT": r"\bRETURNING\b",
    "an upsert of others": r"\bON CONFLICT\b",
    "a comparison of others": r"\bILIKE\b|\bIS (?:NOT )?DISTINCT FROM\b|\bIS \d|\bGLOB\b",
    "a place of nulls": r"\bNULLS (?:FIRST|LAST)\b",
    "a query that ends early inside of another": r"\(\s*SELECT [^()]*\bLIMIT\b",
    "a lock that is passed over": r"\bSKIP LOCKED\b|\bNOWAIT\b",
    "a row as a value": r"\(\w+[\w.\"]*, [^()]*\) (?:=|<|>|IN) \(",
    "a value without a type (SQL0418N)": (
        r"\b(?:THEN|ELSE) \?|SELECT (?:[^()]*, )?\?(?: AS|,| FROM)|\bCOALESCE\(\?|\?\s*\|\|\s*\?"
        r"|[-+] \? [-+*/] \?|\(\? [-+*/] \?\)"
    ),
    "a null without a type": r"SELECT (?:[^()]*, )?NULL\b|\bIN \(NULL\)",
    "a truth value": r"\b(?:true|false)\b",
    "a sum that ends at two thousand million": r"\bsum\([a-z_]+\.\"?row_count",
    "a name that must be in quotes": r"\.(?:sequence|version|alias|row_number|method)\b",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", REFUSED)
def test_no_statement_has_what_db2_refuses(sent, what):
    wrong = re.compile(REFUSED[what], re.IGNORECASE if what != "a truth value" else 0)
    assert [row[:3] for row in sent if wrong.search(row[2])] == []


WRITTEN = {
    "a value without a type (SQL0418N)": (
        "SELECT sum(CASE WHEN (a.state = ?) THEN ? ELSE ? END) FROM a",
        "SELECT ? AS one FROM a",
        "SELECT a.b, ? FROM a",
        "SELECT coalesce(?, a.b) FROM a",
    ),
    "a null without a type": ("SELECT a.b, NULL AS c FROM a", "SELECT 1 FROM a WHERE b IN (NULL)"),
    "a query that ends early inside of another": (
        "SELECT a FROM b WHERE c IN (SELECT c FROM d LIMIT 3)",
    ),
    "a row as a value": ("SELECT a FROM b WHERE (a.c, a.d) > (?, ?)",),
    "a sum that ends at two thousand million": ('SELECT sum(score_groups."row_count") FROM a',),
    "a name that must be in quotes": ("SELECT a.sequence FROM a",),
    "an answer of an INSERT": ("INSERT INTO a (b) VALUES (?) RETURNING a.c",),
}


@pytest.mark.parametrize(("what", "statement"), [(w, s) for w, ss in WRITTEN.items() for s in ss])
def test_what_db2_refuses_is_found(what, statement):
    assert re.search(REFUSED[what], statement, re.IGNORECASE)
