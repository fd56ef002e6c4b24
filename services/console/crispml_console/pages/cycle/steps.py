"""The nine methods as a visitor reads them."""

from __future__ import annotations

from dataclasses import dataclass

from crispml_core.client import CYCLE, METHODS


@dataclass(frozen=True, slots=True)
class Step:
    """A method of the life cycle.

    Parameters
    ----------
    method : str
        As the REST contract spells it.
    title : str
        One word for the flow.
    says : str
        One sentence on what it does.
    """

    method: str
    title: str
    says: str


_SAID = (
    ("Ingest", "Reads a selection of the source, or a file, into a raw data set."),
    ("Prepare", "Derives the declared fields and assigns each row to train, select or test."),
    ("Curate", "Learns the curation of an algorithm on train and applies it to every row."),
    ("Train", "Fits a model on the curated rows of train, after a search if one is asked for."),
    ("Report", "Evaluates a fitted model on the rows of test, which nothing else has seen."),
    ("Persist", "Publishes a fitted model with its report as an immutable version."),
    ("Score", "Answers new records; every answer is a durable record."),
    ("Label", "Takes the truth about scored records when it is known."),
    ("Verify", "Compares the scores of a period with their ground truth in a report."),
)
STEPS = tuple(Step(method, *said) for method, said in zip(METHODS, _SAID, strict=True))
WHOLE = Step(CYCLE, "Whole cycle", "Runs the methods 1 to 6 for every chosen algorithm in one run.")
BY_METHOD = {step.method: step for step in (WHOLE, *STEPS)}


def title_of(method: str) -> str:
    """Return how a run of a method is called, also of one that is none of the nine."""
    step = BY_METHOD.get(method)
    return step.title if step is not None else method.replace("-", " ").capitalize()


def number_of(method: str) -> int | None:
    """Return the number of a method, 1 to 9; None if it is none of the nine."""
    return METHODS.index(method) + 1 if method in METHODS else None
