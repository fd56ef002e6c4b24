"""What came out of the nine methods of a demo: its figures, its proof and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crispml_core.cli.kpis import value_of
from crispml_core.cli.verb import Failure
from crispml_core.domain.runs import TRAINING_METHODS, Run

# Scoring and labelling the test rows repeats the sum of the training report; only the order of
# additions may differ.
TOLERANCE = 1e-9
# The KPIs that decide whether both reports agree: of a classification, and of a regression.
_COMPARED = ("auc", "rmse")


@dataclass(frozen=True, slots=True)
class Step:
    """One of the nine methods: rows and seconds over all its calls."""

    name: str
    rows: int
    seconds: float
    result: str
    status: str = "succeeded"


@dataclass(slots=True, kw_only=True)
class Tour:
    """What came out of the nine methods."""

    use_case: str
    version: str
    model: dict[str, Any]
    training_kpis: Mapping[str, Any]
    verified_kpis: Mapping[str, Any]
    scored: int
    labelled: int
    coverage: float | None
    reports: dict[str, str]
    """Ids of both reports."""
    urls: dict[str, str]
    pages: dict[str, str] = field(default_factory=dict)
    """Files of both reports; a browser has no credential to ask a service with."""
    steps: list[Step] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the JSON object of ``crispml demo --json``."""
        return {
            "methods": [
                {
                    "name": step.name,
                    "status": step.status,
                    "rows": step.rows,
                    "seconds": round(step.seconds, 6),
                }
                for step in self.steps
            ],
            "model": self.model,
            "training_report": _values(self.training_kpis),
            "verification_report": {
                **_values(self.verified_kpis),
                "scored": self.scored,
                "labelled": self.labelled,
                "coverage": self.coverage,
            },
            "pages": self.pages,
            "urls": self.urls,
        }


def compare(tour: Tour) -> None:
    """Raise `Failure` when the verified scores have another KPI than the training report."""
    for name in _COMPARED:
        trained = value_of(tour.training_kpis.get(name))
        verified = value_of(tour.verified_kpis.get(name))
        if trained is None and verified is None:
            continue
        if trained is None or verified is None or abs(trained - verified) > TOLERANCE:
            raise Failure(
                f"the scores do not verify: {name} is {trained} in the training report and "
                f"{verified} in the verification report of version {tour.version}"
            )
        return
    raise Failure("neither report has a KPI to compare: auc or rmse")


def training_results(run: Run, best: dict[str, Any], known: set[str]) -> dict[str, str]:
    """Say in a few words what each training method made."""
    result, gates = run.result, best.get("gates", ())
    raw, prepared = result["dataset_id"], result["prepared_id"]
    algorithms = ", ".join(entry["algorithm"] for entry in result["versions"])
    versions = len(result["versions"])
    failed = ", ".join(gate["kpi"] for gate in gates if not gate["passed"])
    champion = f"champion: {best['algorithm']}"
    if not result["promoted"]:
        champion = f"best: {best['algorithm']}, not promoted"
        champion += f" (gates: {failed})" if failed else ""
    return {
        TRAINING_METHODS[0]: f"data set {raw[:8]}, {'unchanged' if raw in known else 'new'}",
        TRAINING_METHODS[1]: f"data set {prepared[:8]}",
        TRAINING_METHODS[2]: algorithms,
        TRAINING_METHODS[3]: algorithms,
        TRAINING_METHODS[4]: headline(best["kpis"]["test"]),
        TRAINING_METHODS[5]: f"{versions} version{'s' if versions > 1 else ''}, {champion}",
    }


def headline(kpis: Mapping[str, Any]) -> str:
    """Return the KPI that is compared, as text; nothing when there is none."""
    name = next((name for name in _COMPARED if value_of(kpis.get(name)) is not None), None)
    return f"{name.upper()} {value_of(kpis[name]):.4f}" if name else ""


def _values(kpis: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: value_of(kpi) for name, kpi in kpis.items()}
