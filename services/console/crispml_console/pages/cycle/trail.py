"""Where a run stands in the life cycle: what it did of each method, and what it stands on.

A method that is run on its own takes what an earlier run made. So the trail of a run goes back
through its inputs: the steps of other runs that made them are shown as done earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crispml_core.client import CYCLE, TRAINING_METHODS, MethodTiming, Run, RunStatus

DONE, EARLIER, RUNNING, FAILED = "done", "earlier", "running", "failed"
STOPPED, WAITS, OPEN = "stopped", "waits", "open"

INPUTS = ("dataset_id", "curation_id", "model_id", "report_id")
"""Parameters of a method that name what an earlier one made."""


@dataclass(frozen=True, slots=True)
class Made:
    """A step that succeeded, with the run it belongs to.

    Parameters
    ----------
    inputs : frozenset of str
        Ids of what it was made from.
    """

    run: Run
    timing: MethodTiming
    inputs: frozenset[str]

    def has(self, name: str) -> bool:
        """Return whether something of a kind came out of it: ``dataset_id``, ``model_id``."""
        return name in self.timing.output


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of one method on the trail of a run.

    Parameters
    ----------
    state : str
        One of the constants of this module.
    made : tuple of Made
        The steps that succeeded, one for each algorithm.
    """

    state: str = OPEN
    made: tuple[Made, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """How long the steps took."""
        return sum(made.timing.seconds for made in self.made)


def everything_made(runs: Sequence[Run]) -> list[Made]:
    """Return the steps of runs that succeeded, in the order of the runs."""
    return [made for run in runs for made in _steps(run)]


def trail(run: Run | None, others: Sequence[Run] = ()) -> dict[str, Passed]:
    """Return what became of the methods 1 to 6 in a run and in what it stands on.

    Parameters
    ----------
    others : sequence of Run
        Runs that may have made its inputs, newest first.
    """
    if run is None:
        return dict.fromkeys(TRAINING_METHODS, Passed())
    own = list(_steps(run))
    before = _before(run, own, everything_made([r for r in others if r.id != run.id]))
    found = {}
    for method in TRAINING_METHODS:
        made = tuple(step for step in own if step.timing.method == method)
        state = _state(run, method, bool(made))
        if state in (OPEN, WAITS) and method in before:
            state, made = EARLIER, (before[method],)
        found[method] = Passed(state, made)
    return found


def _steps(run: Run) -> Iterator[Made]:
    given = {str(run.parameters[name]) for name in INPUTS if run.parameters.get(name)}
    earlier: list[MethodTiming] = []
    for timing in run.steps:
        if timing.status is not RunStatus.SUCCEEDED:
            continue
        inside = {
            str(value)
            for before in earlier
            if before.algorithm in (None, timing.algorithm)
            for value in before.output.values()
        }
        yield Made(run, timing, frozenset(given | inside))
        earlier.append(timing)


def _before(run: Run, own: Sequence[Made], known: Sequence[Made]) -> dict[str, Made]:
    """Follow the inputs back; of several steps that made the same thing the newest counts."""
    wanted = {str(run.parameters[name]) for name in INPUTS if run.parameters.get(name)}
    wanted.update(one for made in own for one in made.inputs)
    found: dict[str, Made] = {}
    for method in reversed(TRAINING_METHODS):
        for made in known:
            is_of = made.timing.method == method
            if is_of and wanted & {str(value) for value in made.timing.output.values()}:
                found[method] = made
                wanted |= made.inputs
                break
    return found


def _state(run: Run, method: str, is_made: bool) -> str:
    belongs = run.method == method or (run.method == CYCLE and _is_in_cycle(run, method))
    if not belongs:
        return DONE if is_made else OPEN
    is_now = now_at(run) == method
    if not run.status.is_final:
        if run.status is RunStatus.RUNNING and is_now:
            return RUNNING
        return DONE if is_made else WAITS
    if run.status is RunStatus.SUCCEEDED:
        return DONE if is_made or run.method == method else OPEN
    where = run.error.step if run.error is not None and run.error.step else None
    if where == method or (where is None and is_now):
        return FAILED if run.status is RunStatus.FAILED else STOPPED
    return DONE if is_made else OPEN


def _is_in_cycle(run: Run, method: str) -> bool:
    return method != TRAINING_METHODS[0] or not run.parameters.get("dataset_id")


def now_at(run: Run) -> str:
    """Return the method that a run works at, or worked at when it ended.

    What a run says of its progress names a method, or how far it is with one: "search 3 of 20".
    """
    if run.method != CYCLE:
        return run.method
    said = run.stage.split(" ")[0]
    if said in TRAINING_METHODS:
        return said
    if not run.steps:
        return TRAINING_METHODS[1 if run.parameters.get("dataset_id") else 0]
    after = TRAINING_METHODS.index(run.steps[-1].method) + 1
    return TRAINING_METHODS[after if after < len(TRAINING_METHODS) else 2]


def newest(passed: Passed, name: str) -> Any:
    """Return the id of a kind that a method made last; None if it made none."""
    found = [made.timing.output[name] for made in passed.made if made.has(name)]
    return found[-1] if found else None
