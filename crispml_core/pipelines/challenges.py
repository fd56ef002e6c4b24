"""How a challenger stands against the champion, from the scores and labels that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from crispml_core.domain.challenge import Challenge, place_in_split
from crispml_core.domain.errors import Conflict, InvalidInput, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import CHALLENGER, CHAMPION, AliasEvent
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.score_ledger import ScoreLedger

if TYPE_CHECKING:
    import numpy as np

    from crispml_core.monitoring.sequential import SequentialResult
    from crispml_core.tables.joined import Joined

# Which record a row is about, and when somebody could see its label.
_COMPARED_BY = ("score_id", "record_key", "received_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contest:
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
class _Compared:
    """What the labelled records say; n of them, in the order in which their labels came."""

    gains: np.ndarray
    bound: float
    champion_loss: float | None
    challenger_loss: float | None
    received: Any
    scored: dict[str, int]


class Challenges:
    """Compares champions with their challengers.

    Parameters
    ----------
    use_cases : mapping of str to UseCase
        By name; each declares its `Challenge` in its monitoring.
    aliases : AliasLog
        Says who is champion and challenger, and since when.
    ledger : ScoreLedger
        Has the scores, the shadow scores and the labels.
    """

    def __init__(
        self, use_cases: Mapping[str, UseCase], aliases: AliasLog, ledger: ScoreLedger
    ) -> None:
        self._use_cases, self._aliases, self._ledger = use_cases, aliases, ledger

    def challenge(self, use_case: str, as_of: datetime | None = None) -> dict[str, Any]:
        """Return how the challenger of a use case stands.

        Parameters
        ----------
        as_of : datetime, optional
            Only what was known until then; now when it is left out.

        Returns
        -------
        dict
            ``use_case, as_of, design, metric, unit, champion, challenger, declared, records,
            gain, decision, decided_at, reason``; `decision` is ``promote``, ``keep`` or ``wait``.

        Raises
        ------
        NotFound
            If there is no such use case, champion or challenger.
        Conflict
            If the challenger is the champion by now.
        InvalidInput
            If the declared metric does not suit the target.
        """
        from crispml_core.monitoring.losses import largest_loss, metric_of
        from crispml_core.monitoring.sequential import sequential_test

        if use_case not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        found = self._use_cases[use_case]
        declared = found.monitoring.challenge
        contest = self._contest(use_case, as_of or utc_now())
        most = largest_loss(declared, found.target, found.costs)
        effect = declared.min_effect if declared.min_effect is not None else 0.02 * most
        if effect > most:
            raise InvalidInput("challenge: min_effect is more than a record can cost")
        compare = self._paired if declared.design == "paired" else self._split
        compared = compare(found, contest, most)
        result = sequential_test(
            compared.gains[: declared.max_labels],
            bound=compared.bound,
            min_effect=effect,
            alpha=declared.alpha,
            beta=declared.beta,
            min_labels=declared.min_labels,
        )
        decision, reason = _decision(declared, contest, result, effect)
        at = result.decided_at
        challenger, champion = contest.challenger, contest.champion
        return {
            "use_case": use_case,
            "as_of": contest.as_of,
            "design": declared.design,
            "metric": metric_of(declared, found.target),
            "champion": {
                "version": champion.version,
                "since": champion.moved_at,
                "mean_loss": compared.champion_loss,
            },
            "challenger": {
                "version": challenger.version,
                "since": contest.moves[0].moved_at,
                "traffic": challenger.traffic,
                "mean_loss": compared.challenger_loss,
            },
            "declared": asdict(declared) | {"min_effect": effect, "largest_loss": most},
            "records": compared.scored | {"compared": result.n},
            "gain": {
                "mean": result.gain,
                "low": result.low,
                "high": result.high,
                "evidence": result.evidence,
                "counter_evidence": result.counter_evidence,
            },
            "decision": decision,
            "decided_at": None if at is None else compared.received[at - 1],
            "decided_on": at,
            "reason": reason,
        }

    def _contest(self, use_case: str, as_of: datetime) -> _Contest:
        champion = self._standing(use_case, CHAMPION, as_of)
        moves = self._standing(use_case, CHALLENGER, as_of)
        if champion[0].version == moves[0].version:
            raise Conflict(
                f"the {CHALLENGER} is the {CHAMPION} by now: remove the alias, or move it to "
                "another version"
            )
        start = max(champion[0].moved_at, moves[0].moved_at)
        return _Contest(champion=champion[0], moves=tuple(moves), start=start, as_of=as_of)

    def _standing(self, use_case: str, alias: str, as_of: datetime) -> list[AliasEvent]:
        """Return the moves since an alias points where it does, oldest first."""
        moves: list[AliasEvent] = []
        for event in self._aliases.history(use_case, alias):
            if event.moved_at > as_of:
                continue
            if moves and event.version != moves[0].version:
                break
            moves.insert(0, event)
        if not moves or moves[0].is_removal:
            raise NotFound("alias", self._aliases.aliases(use_case))
        return moves

    def _paired(self, use_case: UseCase, contest: _Contest, most: float) -> _Compared:
        from crispml_core.tables.challenge_rows import paired_rows
        from crispml_core.tables.joined import joined_arrays, needed_columns

        read = partial(
            self._ledger.with_labels,
            use_case.name,
            start=contest.start,
            end=None,
            as_of=contest.as_of,
            columns=[*_COMPARED_BY, *needed_columns(use_case)],
        )
        answered = read(version=contest.champion.version)
        shadows = read(version=contest.challenger.version, shadow=True)
        pairs = self._ledger.shadow_pairs(use_case.name, contest.challenger.version)
        rows, others = paired_rows(answered, shadows, pairs)
        left, right = joined_arrays(use_case, rows), joined_arrays(use_case, others)
        both = _known(use_case, left) & _known(use_case, right)
        champion, challenger = (_losses(use_case, arrays, both) for arrays in (left, right))
        return _Compared(
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

    def _split(self, use_case: UseCase, contest: _Contest, most: float) -> _Compared:
        import numpy as np
        import pyarrow.compute as pc

        from crispml_core.monitoring.sequential import split_gains
        from crispml_core.tables.challenge_rows import split_rows
        from crispml_core.tables.joined import joined_arrays, needed_columns

        answered = self._ledger.with_labels(
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
        split = split_rows(answered, contest.challenger.version, changes, place)
        arrays = joined_arrays(use_case, split.rows)
        known = _known(use_case, arrays)
        losses = _losses(use_case, arrays, known)
        mine, shares = split.is_challenger[known], split.shares[known]
        gains, bound = split_gains(losses, mine, shares, most)
        by_challenger = int(
            pc.sum(pc.equal(answered["version"].cast("string"), contest.challenger.version)).as_py()
            or 0
        )
        return _Compared(
            gains=gains,
            bound=bound,
            champion_loss=_mean(losses[~mine]),
            challenger_loss=_mean(losses[mine]),
            received=split.rows["received_at"].filter(_mask(known)).to_pylist(),
            scored={
                "answered_by_champion": answered.num_rows - by_challenger,
                "answered_by_challenger": by_challenger,
                "labelled": int(answered.num_rows - answered["label"].null_count),
                "compared_of_challenger": int(np.count_nonzero(mine)),
            },
        )


def _decision(
    declared: Challenge, contest: _Contest, result: SequentialResult, effect: float
) -> tuple[str, str]:
    """Return the decision and one sentence about it."""
    if result.decision == "promote":
        return "promote", "the challenger is better, at the declared error rate"
    if result.decision == "keep":
        return "keep", f"the challenger is not better by {effect:g} per record"
    if result.n >= declared.max_labels:
        return "keep", "nothing was decided on max_labels records"
    age = contest.as_of - contest.moves[0].moved_at
    if age >= timedelta(days=declared.max_age_days):
        return "keep", "nothing was decided in max_age_days"
    if result.n < declared.min_labels:
        return "wait", f"{declared.min_labels - result.n} more labelled records are needed at least"
    return "wait", "the records so far say neither"


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
