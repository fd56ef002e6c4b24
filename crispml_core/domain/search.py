"""What a hyperparameter search tries."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from crispml_core.domain.algorithms import Hyperparameter, HyperValue
from crispml_core.domain.errors import InvalidInput, did_you_mean

SearchKind = Literal["grid", "random"]
MAX_CANDIDATES = 500

# What "better" means without a `scoring`, by task: scikit-learn scorer names.
DEFAULT_SCORING = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}
# Probabilities and ranks only: a scorer that needs a threshold would look at one nobody chose yet.
SCORINGS = {
    "binary": ("roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"),
    "multiclass": ("neg_log_loss", "roc_auc_ovr", "accuracy", "f1_macro"),
    "regression": ("neg_root_mean_squared_error", "neg_mean_absolute_error", "r2"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """A cross-validated search inside ``train``.

    Parameters
    ----------
    kind : {"grid", "random"}
        Every combination, or `iterations` draws.
    folds : int
        Number of folds, 2 to 20.
    iterations : int
        Draws of a random search, at most `MAX_CANDIDATES`.
    scoring : str, optional
        One of `SCORINGS` of the task.
    """

    kind: SearchKind = "grid"
    folds: int = 5
    iterations: int = 20
    scoring: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(SearchKind):
            raise InvalidInput("search.kind must be grid or random")
        for name, low, high in (("folds", 2, 20), ("iterations", 1, MAX_CANDIDATES)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InvalidInput(f"search.{name} must be a whole number from {low} to {high}")

    def scorer(self, task: str) -> str:
        """Return the scikit-learn scorer for a task, or raise `InvalidInput`."""
        if self.scoring is None:
            return DEFAULT_SCORING[task]
        if self.scoring not in SCORINGS[task]:
            raise InvalidInput(f"search.scoring must be one of {', '.join(SCORINGS[task])}")
        return self.scoring


def parse_search(given: Any) -> Search | None:
    """Read the ``search`` part of a request; None means no search."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InvalidInput("search must be an object such as {'kind': 'grid', 'folds': 5}")
    known = ("kind", "folds", "iterations", "scoring")
    for name in given:
        if name not in known:
            raise InvalidInput(f"search has an unknown entry{did_you_mean(name, known)}")
    return Search(**given)


def candidates(
    search: Search,
    hyperparameters: Sequence[Hyperparameter],
    start: Mapping[str, HyperValue],
    seed: int,
) -> list[dict[str, HyperValue]]:
    """List what a search tries, `start` first.

    Parameters
    ----------
    start : mapping
        Complete hyperparameters; those that are not searched stay as they are here.

    Raises
    ------
    InvalidInput
        If nothing can be searched, or a grid has more than `MAX_CANDIDATES` points.
    """
    searched = [parameter for parameter in hyperparameters if parameter.search]
    if not searched:
        raise InvalidInput("search: no hyperparameter of this algorithm declares search values")
    if search.kind == "grid":
        size = math.prod(len(parameter.search) for parameter in searched)
        if size > MAX_CANDIDATES:
            raise InvalidInput(
                f"search: the grid has {size} points, at most {MAX_CANDIDATES} are tried; "
                "use kind random"
            )
        names = [parameter.name for parameter in searched]
        grid = itertools.product(*(parameter.search for parameter in searched))
        tries = [{**start, **dict(zip(names, point, strict=True))} for point in grid]
    else:
        source = random.Random(seed)  # noqa: S311  # a reproducible draw, not a secret
        tries = [
            {**start, **{parameter.name: _draw(parameter, source) for parameter in searched}}
            for _ in range(search.iterations)
        ]
    unique: list[dict[str, HyperValue]] = []
    for candidate in [dict(start), *tries]:
        if candidate not in unique:
            unique.append(candidate)
    return unique


def _draw(parameter: Hyperparameter, source: random.Random) -> HyperValue:
    low, high = parameter.minimum, parameter.maximum
    if parameter.values or low is None or high is None or None in parameter.search:
        return source.choice(parameter.search)
    if parameter.scale == "log":
        value = math.exp(source.uniform(math.log(low), math.log(high)))
        value = min(max(value, low), high)  # rounding of exp(log(x))
    else:
        value = source.uniform(low, high)
    return round(value) if parameter.is_whole else value
