"""The records that a champion and its challenger are compared on, and what each cost with both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from crispml_core.domain.challenge import place_in_split
from crispml_core.domain.models import AliasEvent
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.score_ledger import ScoreLedger

if TYPE_CHECKING:
    import numpy as np

    from crispml_core.tables.joined import Joined

# Which record a row is about, and when somebody could see its label.
_COMPARED_BY = ("score_id", "record_key", "received_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Who stands against whom, and since when.

    Parameters
    ----------
    moves : tuple of AliasEvent
        Those of the challenger that set this version, oldest first: they differ in the share.
    start : datetime
        From then on both had their places.
    """

    champion: AliasEvent
    moves: tuple[AliasEvent, ...]
    start: datetime
    as_of: datetime

    @property
    def challenger(self) -> AliasEvent:
        """The newest move of the challenger."""
        return self.moves[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the labelled records say; n of them, in the order in which their labels came.

    Parameters
    ----------
    gains : ndarray of shape (n,)
        What each record would have cost less with the challenger.
    bound : float
        The most that a gain can be.
    champion_loss, challenger_loss : float or None
        Mean cost of a record.
    received : list of datetime
        When each label came.
    scored : dict of str to int
        How many scores there are of either, with and without a label.
    """

    gains: np.ndarray
    bound: float
    champion_loss: float | None
    challenger_loss: float | None
    received: Any
    scored: dict[str, int]


def paired(ledger: ScoreLedger, use_case: UseCase, contest: Contest, most: float) -> Compared:
    """Compare the answers of the champion with the shadow scores of the same records.

    Parameters
    ----------
    most : float
        The most that a record can cost.
    """
    from crispml_core.tables.challenge_rows import paired_rows
    from crispml_core.tables.joined import joined_arrays, needed_columns

    read = partial(
        ledger.with_labels,
        use_case.name,
        start=contest.start,
        end=None,
        as_of=contest.as_of,
        columns=[*_COMPARED_BY, *needed_columns(use_case)],
    )
    answered = read(version=contest.champion.version)
    shadows = read(version=contest.challenger.version, shadow=True)
    pairs = ledger.shadow_pairs(use_case.name, contest.challenger.version)
    rows, others = paired_rows(answered, shadows, pairs)
    left, right = joined_arrays(use_case, rows), joined_arrays(use_case, others)
    both = _known(use_case, left) & _known(use_case, right)
    champion, challenger = (_losses(use_case, arrays, both) for arrays in (left, right))
    return Compared(
        gains=champion - challenger,
        bound=most,
        champion_loss=_mean(champion),
        challenger_loss=_mean(challenger),
        received=rows["received_at"].filter(_mask(both)).to_pylist(),
        scored={
            "answered_by_champion": answered.num_rows,
            "shadow_scores": shadows.num_rows,
            "labelled": int(answered.num_rows - answered["label"].null_count),
        },
    )


def split(ledger: ScoreLedger, use_case: UseCase, contest: Contest, most: float) -> Compared:
    """Compare the records that the champion answered with those that the challenger answered.

    Parameters
    ----------
    most : float
        The most that a record can cost.
    """
    import numpy as np
    import pyarrow.compute as pc

    from crispml_core.monitoring.sequential import split_gains
    from crispml_core.tables.challenge_rows import split_rows
    from crispml_core.tables.joined import joined_arrays, needed_columns

    answered = ledger.with_labels(
        use_case.name,
        start=contest.start,
        end=None,
        as_of=contest.as_of,
        columns=[*_COMPARED_BY, *needed_columns(use_case)],
    )
    versions = answered["version"].cast("string")
    is_ours = pc.is_in(
        versions, value_set=_texts(contest.champion.version, contest.challenger.version)
    )
    answered = answered.filter(is_ours)
    changes = [(_instant(move.moved_at), move.traffic) for move in contest.moves]
    place = partial(place_in_split, use_case.name)
    answers = split_rows(answered, contest.challenger.version, changes, place)
    arrays = joined_arrays(use_case, answers.rows)
    known = _known(use_case, arrays)
    losses = _losses(use_case, arrays, known)
    mine, shares = answers.is_challenger[known], answers.shares[known]
    gains, bound = split_gains(losses, mine, shares, most)
    by_challenger = int(
        pc.sum(pc.equal(answered["version"].cast("string"), contest.challenger.version)).as_py()
        or 0
    )
    return Compared(
        gains=gains,
        bound=bound,
        champion_loss=_mean(losses[~mine]),
        challenger_loss=_mean(losses[mine]),
        received=answers.rows["received_at"].filter(_mask(known)).to_pylist(),
        scored={
            "answered_by_champion": answered.num_rows - by_challenger,
            "answered_by_challenger": by_challenger,
            "labelled": int(answered.num_rows - answered["label"].null_count),
            "compared_of_challenger": int(np.count_nonzero(mine)),
        },
    )


def _known(use_case: UseCase, arrays: Joined) -> np.ndarray:
    """Return which records have all that their loss is made of."""
    import numpy as np

    from crispml_core.monitoring.losses import metric_of

    if metric_of(use_case.monitoring.challenge, use_case.target) == "cost":
        return arrays.usable
    numbers = np.isfinite(arrays.prediction)
    return np.asarray(arrays.usable & (numbers if numbers.ndim == 1 else numbers.all(axis=1)))


def _losses(use_case: UseCase, arrays: Joined, which: np.ndarray) -> np.ndarray:
    from crispml_core.monitoring.losses import record_losses

    return record_losses(
        use_case.monitoring.challenge,
        use_case.target,
        use_case.costs,
        y=arrays.y[which],
        prediction=arrays.prediction[which],
        decision=None if arrays.decision is None else arrays.decision[which],
    )


def _mean(losses: np.ndarray) -> float | None:
    return float(losses.mean()) if len(losses) else None


def _mask(which: np.ndarray) -> Any:
    import pyarrow as pa

    return pa.array(which)


def _texts(*values: str) -> Any:
    import pyarrow as pa

    return pa.array(values, pa.string())


def _instant(moment: datetime) -> np.datetime64:
    import numpy as np

    return np.datetime64(int(moment.timestamp() * 1_000_000), "us")
