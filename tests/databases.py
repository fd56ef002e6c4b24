"""The kinds of databases that one suite runs on: what is left out for which, and how many ran.

A test names what it needs beyond the stores themselves:

``@pytest.mark.needs("partial_indexes")``
    One or more capabilities of `crispml_core.adapters.sql.databases.capabilities`, or of those in
    `LACKING`. Where a kind has it not, the test is not skipped but left out, and counted.
``@pytest.mark.database("db2")``
    A test of one kind, which is no parameter of it.

The end of the run says for each kind how many tests it had, and what was left out for want of what.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from crispml_core.adapters.sql.databases.capabilities import KINDS
from tests.servers import DB2, db2_is_a_stand_in

NAMES = ("fake", *KINDS)
SERVERS = ("postgresql", "db2")

# What is no difference of databases, but of what tests have in their place.
# A statement takes the stand-in a hundred times as long as a database: where column after column is
# changed, and for what other databases show as well, it has not the speed.
LACKING = {"fake": {"tables"}, "stand-in": {"isolation_levels", "many_parameters", "speed"}}


def params(*kinds: str) -> list[Any]:
    """Return kinds of databases as parameters of a fixture or a test; all of them unless told."""
    return [
        pytest.param(kind, marks=pytest.mark.server if kind in SERVERS else ())
        for kind in kinds or NAMES
    ]


def lacking(kind: str, needs: set[str]) -> list[str]:
    """Return those of some capabilities that a kind of database has not here."""
    of_tests = set().union(*LACKING.values())
    missing = sorted(needs & LACKING.get(kind, set()))
    if kind in KINDS:
        missing += KINDS[kind].lacks(needs - of_tests)
    of_db2 = sorted(needs & LACKING["stand-in"])
    # Where none is named, the test says so itself.
    if kind == "db2" and of_db2 and DB2 in os.environ and db2_is_a_stand_in():
        missing += [f"{name} (of the stand-in)" for name in of_db2]
    return missing


def _kind_of(item: pytest.Item) -> str | None:
    if (mark := item.get_closest_marker("database")) is not None:
        return str(mark.args[0])
    callspec = getattr(item, "callspec", None)
    values = [] if callspec is None else callspec.params.values()
    return next((value for value in values if isinstance(value, str) and value in NAMES), None)


def _needs_of(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("needs") for name in mark.args}


class Databases:
    """A plugin of pytest; its counts come together in the process that prints them."""

    def __init__(self) -> None:
        self._ran: dict[str, Counter[str]] = defaultdict(Counter)
        self._left_out: dict[str, Counter[str]] = defaultdict(Counter)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Iterator[None]:
        """Leave out what a database cannot do."""
        yield
        left_out = []
        for item in items:
            kind = _kind_of(item)
            if kind is None:
                continue
            item.user_properties.append(("database", kind))
            missing = lacking(kind, _needs_of(item))
            if missing:
                self._left_out[kind][" and ".join(missing)] += 1
                left_out.append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what became of a test."""
        if report.when == "call" or (report.when == "setup" and not report.passed):
            kind = dict(report.user_properties).get("database")
            if kind is not None:
                self._ran[str(kind)][report.outcome] += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand what was left out to the process that prints it."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["left_out"] = {kind: dict(found) for kind, found in self._left_out.items()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """Take it from another process; each of them collects every test."""
        for kind, found in getattr(node, "workeroutput", {}).get("left_out", {}).items():
            self._left_out[kind] = Counter(found)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the numbers."""
        if not self._ran:
            return
        terminalreporter.section("databases")
        for kind in NAMES:
            ran, left_out = self._ran[kind], self._left_out[kind]
            if ran or left_out:
                terminalreporter.write_line(f"{kind:<11}{_numbers(ran)}{_reasons(left_out)}")


def _numbers(ran: Counter[str]) -> str:
    return ", ".join(f"{ran[outcome]} {outcome}" for outcome in sorted(ran)) or "none ran"


def _reasons(left_out: Counter[str]) -> str:
    if not left_out:
        return ""
    reasons = ", ".join(f"{number} for want of {what}" for what, number in left_out.items())
    return f"; {sum(left_out.values())} left out: {reasons}"
