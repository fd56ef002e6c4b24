"""The folds of a search: computed one after the other here, or by the workers of a cluster.

A worker reads ``train`` from the volume once for a search. So no rows pass through a scheduler, and
a worker that is lost takes none with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from crispml_core.domain.algorithms import HyperValue
from crispml_core.domain.datasets import TRAIN
from crispml_core.domain.search import Search
from crispml_core.methods.model_training import CrossValidation, FoldScore
from crispml_core.pipelines.recorder import Step
from crispml_core.pipelines.workbench import Workbench
from crispml_core.pipelines.workplace import Workplace


@dataclass(frozen=True)
class SearchJob:
    """What every fold of a search has in common."""

    run_id: str
    prepared_id: str
    algorithm: str
    search: Search
    seed: int


@contextmanager
def folds_of(
    work: Workplace,
    step: Step,
    prepared_id: str,
    algorithm: str,
    search: Search | None,
    seed: int,
) -> Iterator[FoldScore | None]:
    """Within it joblib computes the folds where the parts of a run are computed.

    Yields what scores a fold there; None if it is here.
    """
    if search is None or work.stores.compute.is_here:
        yield None
        return
    job = SearchJob(work.run_id, prepared_id, algorithm, search, seed)
    with work.stores.compute.folds(step.look):
        yield work.task(score_fold, job)


def score_fold(
    bench: Workbench, job: SearchJob, hyperparameters: Mapping[str, HyperValue], fold: int
) -> float:
    """Return the score of hyperparameters on a fold; see `CrossValidation.score`."""

    def validation() -> CrossValidation:
        algorithm = bench.use_case.algorithm(job.algorithm)
        train = bench.split(job.prepared_id, TRAIN)
        return CrossValidation(bench.use_case, algorithm, job.search, job.seed, train)

    return bench.keep(validation).score(hyperparameters, fold)
