"""What a form offers: the things that runs made, newest first, and what it begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crispml_console.pages.cycle.trail import INPUTS, Made, Passed, everything_made, newest
from crispml_console.parts import words
from crispml_core.client import Run

# Which method makes what a parameter of another one names.
_MAKERS = {
    ("data-preparation", "dataset_id"): "data-ingestion",
    ("cycle", "dataset_id"): "data-ingestion",
    ("data-curation", "dataset_id"): "data-preparation",
    ("model-training", "curation_id"): "data-curation",
    ("model-report", "model_id"): "model-training",
    ("model-persist", "report_id"): "model-report",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen as the input of a method.

    Parameters
    ----------
    made : tuple of Made
        Everything that recent runs made, newest first.
    """

    made: tuple[Made, ...] = ()

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Choices:
        """Return what runs made, newest first."""
        return cls(tuple(everything_made(runs)))

    def offered(self, method: str, parameter: str, begin: object = None) -> dict[str, str]:
        """Return the ids that a parameter may have, each with how it reads.

        Parameters
        ----------
        begin : object
            The id that is chosen; it is offered also if no recent run made it.
        """
        maker = _MAKERS[method, parameter]
        found: dict[str, str] = {}
        for made in self.made:
            if made.timing.method == maker and made.has(parameter):
                found.setdefault(str(made.timing.output[parameter]), _said(made, parameter))
        if begin:
            found.setdefault(str(begin), str(begin))
        return found

    def algorithm_of(self, curation_id: str | None) -> str | None:
        """Return the algorithm that something was curated for, if a recent run did."""
        for made in self.made:
            if curation_id and made.timing.output.get("curation_id") == curation_id:
                return made.timing.algorithm
        return None

    def model_of(self, report_id: str | None) -> str | None:
        """Return the model that a report is about, if a recent run made it."""
        for made in self.made:
            if made.timing.output.get("report_id") != report_id or not report_id:
                continue
            given = made.run.parameters.get("model_id")
            if given:
                return str(given)
            # In a cycle the model is what the step before made.
            models = [one for one in self.made if one.has("model_id") and one.run is made.run]
            for one in models:
                if one.timing.output["model_id"] in made.inputs:
                    return str(one.timing.output["model_id"])
        return None


def takes(method: str) -> tuple[str, ...]:
    """Return the parameters of a method that name what an earlier one made."""
    return tuple(name for of, name in _MAKERS if of == method)


def beginning(
    method: str, passed: Mapping[str, Passed], repeated: Run | None = None
) -> dict[str, Any]:
    """Return what the form of a method begins with.

    Parameters
    ----------
    passed : mapping
        The trail of the chosen run, whose results the next methods take.
    repeated : Run, optional
        The run whose parameters are taken again.
    """
    if repeated is not None and repeated.method == method:
        return dict(repeated.parameters)
    if method == "cycle":
        return {}
    found: dict[str, Any] = {}
    for name in INPUTS:
        maker = _MAKERS.get((method, name))
        if maker is not None and maker in passed:
            found[name] = newest(passed[maker], name)
    return found


def _said(made: Made, parameter: str) -> str:
    timing = made.timing
    when = timing.started_at.strftime("%d %b %H:%M UTC")
    what = timing.algorithm or words.amount(timing.rows, "row")
    return f"{what} · {when} · {str(timing.output[parameter])[-8:]}"
