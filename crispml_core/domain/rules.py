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

Fact = Literal["gates", "kpi", "coverage", "age_days", "new_labels", "drift", "challenger"]
Severity = Literal["info", "warning", "critical"]
Act = Literal["alert", "retrain", "promote", "fallback"]
Promotion = Literal["approval", "automatic"]

# Facts of a verification report of a window.
VERIFIED: tuple[Fact, ...] = ("gates", "kpi", "coverage")
CHALLENGER_SAYS = ("promote", "keep", "wait")
_NAMED: tuple[Fact, ...] = ("kpi", "challenger")
# Facts that say by themselves whether they are bad; a bound is refused.
_UNBOUND: tuple[Fact, ...] = ("gates", "challenger")
# Facts whose bound may be left to what the use case declares for them.
_BOUND_ELSEWHERE: tuple[Fact, ...] = ("kpi", "drift")


@dataclass(frozen=True, slots=True)
class Condition:
    """One fact, and when it is bad.

    Parameters
    ----------
    fact : str
        ``gates``: any gate of the use case is not kept by the scores of the window. ``kpi``: one
        KPI of the window. ``coverage``: share of the scores of the window that have a label.
        ``age_days``: days since the champion was trained. ``new_labels``: labels that came since.
        ``drift``: the scores of the window are not like the training data. ``challenger``: what the
        test of the challenger says.
    name : str
        The KPI for ``kpi``, the statistic for ``drift`` (any when it is left out), and for
        ``challenger`` one of ``promote``, ``keep`` and ``wait``.
    field : str
        For ``drift``, the field that is looked at; all when it is left out.
    below, above, at_least : float, optional
        The fact is bad below, above, or from this number on; exactly one. A KPI without a bound is
        bad when it does not keep the gates of the use case for it, a statistic of drift when it is
        an alert by the drift policy.
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
    field: str = ""

    def __post_init__(self) -> None:
        if self.fact in _NAMED and not self.name:
            raise InvalidInput(f"condition {self.fact}: name says which one is meant")
        if self.name and self.fact not in (*_NAMED, "drift"):
            raise InvalidInput(f"condition {self.fact}: there is only one, so it has no name")
        if self.fact == "challenger" and self.name not in CHALLENGER_SAYS:
            raise InvalidInput(f"condition challenger: name one of {', '.join(CHALLENGER_SAYS)}")
        if self.fact != "kpi" and (self.segment or self.group or self.confident):
            raise InvalidInput(f"condition {self.fact}: segment and confident belong to a KPI")
        if self.field and self.fact != "drift":
            raise InvalidInput(f"condition {self.fact}: field belongs to drift")
        if self.group and not self.segment:
            raise InvalidInput(f"condition {self.what}: group needs the segment it belongs to")
        self._check_bounds()

    @property
    def what(self) -> str:
        """The fact in words, for example ``kpi auc of channel = web``."""
        name = f" {self.name}" if self.name else ""
        group = f" = {self.group}" if self.group else ""
        field = f" of {self.field}" if self.field else ""
        return f"{self.fact}{name}{field}" + (f" of {self.segment}{group}" if self.segment else "")

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
        if len(given) > 1 or (not given and self.fact not in _BOUND_ELSEWHERE):
            raise InvalidInput(f"condition {self.what}: give one of below, above and at_least")
        if self.fact == "drift" and given and not self.name:
            raise InvalidInput("condition drift: a bound needs the name of a statistic")
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
    action : {"alert", "retrain", "promote", "fallback"}
        What happens besides the alert. ``retrain``: a cycle whose best version becomes challenger,
        at most as often as `Retraining` allows. ``promote``: the challenger becomes champion, or
        somebody is asked. ``fallback``: the champion is judged unfit, so that the fallback answers
        until the rule surely does not hold any more.
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
