"""A segment that the model treats worse: found where it is, not where groups are alike."""

from __future__ import annotations

from benchmarks.simulation.facts import Fact
from benchmarks.simulation.world import Cases, Planted, month
from crispml_core.domain.fairness import Fairness
from crispml_core.monitoring.fairness import fairness
from crispml_core.tables.groupings import Grouping

ROWS = 4_000
# The event is what is good for a person here: being offered something.
DECLARED = Fairness(segment="group", favourable="yes", reference="a")
# Without tolerance every difference that is significant counts, so that the level is measured.
STRICT = Fairness(
    segment="group",
    favourable="yes",
    reference="a",
    ratio=0.999,
    difference=0.001,
    calibration=0.001,
)
BIAS = Planted(bias=0.8)


def verdict(cases: Cases, declared: Fairness) -> str:
    """Return what a report says of the group that the model has not seen."""
    found = fairness(
        [declared],
        "binary",
        cases.p,
        cases.decision,
        cases.y,
        cases.y >= 0,
        {"group": Grouping.of(cases.group)},
        classes=("no", "yes"),
    )
    return str(found["attributes"][0]["verdict"])


FACTS = (
    Fact(
        "biased_segment",
        quiet=lambda seed: verdict(month(seed, ROWS), STRICT) == "unfair",
        planted=lambda seed: verdict(month(seed, ROWS, BIAS), DECLARED) == "unfair",
    ),
)
