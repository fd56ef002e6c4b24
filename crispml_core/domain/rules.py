"""The rules by which a released model is watched, and what they may set off.

A rule is a few conditions over facts that are measured at one moment: KPIs of a window, the age of
the champion, labels that came since. What a fact is and when it is unknown is decided by
``crispml_core.governance.rules``; this is what a use case writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crispml_core.domain.bounds import is_finite
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.identifiers import check_name

Fact = Literal["gates", "kpi", "coverage", "age_days", "new_labels"]
Severity = Literal["info", "warning", "critical"]
Act = Literal["alert", "retrain"]

# Facts that a window of scores is needed for; the others are about the moment alone.
WINDOWED: tuple[Fact, ...] = ("gates", "kpi", "coverage")
_NAMED: tuple[Fact, ...] = ("kpi",)
# Facts that say by themselves whether they are bad; a bound is refused.
_UNBOUND: tuple[Fact, ...] = ("gates",)
# Facts whose bound may be left to the gates of the use case.
_BOUND_BY_GATES: tuple[Fact, ...] = ("kpi",)


@dataclass(frozen=True, slots=True)
class Condition:
    """One fact, and when it is bad.

    Parameters
    ----------
    fact : str
        ``gates``: any gate of the use case is not kept by the scores of the window. ``kpi``: one
        KPI of the window. ``coverage``: share of the scores of the window that have a label.
        ``age_days``: days since the champion was trained. ``new_labels``: labels that came since.
    name : str
        The KPI, for ``kpi``.
    below, above, at_least : float, optional
        The fact is bad below, above, or from this number on; exactly one. A KPI without a bound is
        bad when it does not keep the gates of the use case for it.
    segment, group : str
        Look at the KPI in the groups of this segment, or in this group of it; the condition holds
        when it holds in one of them. Suppressed groups are unknown.
    confident : bool
        Whether the whole interval of the KPI has to be on the bad side, not only its value.
    """

    fact: Fact
    name: str = ""
    below: float | None = None
    above: float | None = None
    at_least: float | None = None
    segment: str = ""
    group: str = ""
    confident: bool = False

    def __post_init__(self) -> None:
        if self.fact in _NAMED and not self.name:
            raise InvalidInput(f"condition {self.fact}: name says which one is meant")
        if self.fact not in _NAMED and (self.name or self.segment or self.confident):
            raise InvalidInput(
                f"condition {self.fact}: name, segment and confident belong to a KPI"
            )
        if self.group and not self.segment:
            raise InvalidInput(f"condition {self.what}: group needs the segment it belongs to")
        self._check_bounds()

    @property
    def what(self) -> str:
        """The fact in words, for example ``kpi auc of channel = web``."""
        name = f" {self.name}" if self.name else ""
        group = f" = {self.group}" if self.group else ""
        return f"{self.fact}{name}" + (f" of {self.segment}{group}" if self.segment else "")

    @property
    def bound(self) -> str:
        """The bound in words, for example ``below 0.7``; empty where the gates decide."""
        for word, limit in self._bounds:
            if limit is not None:
                return f"{word} {limit:g}"
        return ""

    def is_bad(self, low: float, high: float) -> bool:
        """Return whether a value, given as the interval it lies in, is on the bad side."""
        if self.below is not None:
            return high < self.below
        if self.above is not None:
            return low > self.above
        assert self.at_least is not None
        return low >= self.at_least

    @property
    def _bounds(self) -> tuple[tuple[str, float | None], ...]:
        return (("below", self.below), ("above", self.above), ("at least", self.at_least))

    def _check_bounds(self) -> None:
        given = [limit for _, limit in self._bounds if limit is not None]
        if self.fact in _UNBOUND:
            if given:
                raise InvalidInput(f"condition {self.what}: it has its bounds already; give none")
            return
        if len(given) > 1 or (not given and self.fact not in _BOUND_BY_GATES):
            raise InvalidInput(f"condition {self.what}: give one of below, above and at_least")
        if not all(is_finite(limit) for limit in given):
            raise InvalidInput(f"condition {self.what}: the bound must be a finite number")


@dataclass(frozen=True, slots=True)
class Rule:
    """When something has to happen to a released model, and what.

    Parameters
    ----------
    name : str
        Lower case; names the alert.
    when : Condition or tuple of Condition
        What is looked at.
    match : {"all", "any"}
        Whether all of the conditions have to hold, or one.
    window_days : float
        How far back the scores go that KPIs are computed from.
    consecutive : int
        In how many evaluations in a row it must hold before the rule fires.
    severity : {"info", "warning", "critical"}
        For whoever gets the alert.
    action : {"alert", "retrain"}
        What happens besides the alert, at most as often as `Retraining` allows.
    """

    name: str
    when: tuple[Condition, ...]
    match: Literal["all", "any"] = "all"
    window_days: float = 30.0
    consecutive: int = 1
    severity: Severity = "warning"
    action: Act = "alert"

    def __post_init__(self) -> None:
        check_name(self.name, "the name of a rule")
        when: object = self.when  # a single condition is as welcome as a tuple of one
        single = isinstance(when, Condition)
        object.__setattr__(self, "when", (when,) if single else tuple(self.when))
        if not self.when:
            raise InvalidInput(f"rule {self.name}: when needs at least one condition")
        if not 0 < self.window_days <= 3660:
            raise InvalidInput(f"rule {self.name}: window_days must be above 0 and at most 3660")
        if self.consecutive < 1:
            raise InvalidInput(f"rule {self.name}: consecutive must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """How often and how rules may train anew.

    Parameters
    ----------
    cooldown_days : float
        Time between two retrainings that rules set off.
    budget, budget_days : int, float
        At most so many of them within so many days.
    algorithms : tuple of str
        Algorithms of the use case that are trained; empty means all.
    """

    cooldown_days: float = 7.0
    budget: int = 4
    budget_days: float = 90.0
    algorithms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "algorithms", tuple(self.algorithms))
        if not (0 <= self.cooldown_days <= 3660 and 0 < self.budget_days <= 3660):
            raise InvalidInput(
                "retraining: cooldown_days and budget_days must be numbers up to 3660, the latter "
                "above 0"
            )
        if self.budget < 0:
            raise InvalidInput("retraining: budget must be at least 0")
