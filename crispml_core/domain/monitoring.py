"""What a use case declares about its life after release.

A part of the use case of its own: changing how a model is watched does not change what the model
is, so it does not count in the digest that binds a version to its use case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from crispml_core.domain.challenge import Challenge
from crispml_core.domain.drift import DriftPolicy
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fairness import Fairness
from crispml_core.domain.health import HealthPolicy
from crispml_core.domain.rules import Promotion, Retraining, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """How a released model is watched.

    Parameters
    ----------
    min_group : int
        Groups of fewer records are suppressed in reports: their numbers say little about the model
        and much about the people. Rules take a KPI of fewer labels as unknown.
    propensity_floor : float
        The least probability of a label with which scores are weighted; below it one label would
        stand for too many scores, and KPIs of all scores are not identifiable.
    drift : DriftPolicy
        When a difference from the training data is an alert.
    health : HealthPolicy
        How many verdicts in a row make the champion unfit to answer, and fit again.
    fairness : tuple of Fairness
        Attributes by which the model is looked at for unequal treatment.
    rules : tuple of Rule
        When somebody has to know, or a model has to be trained anew.
    retraining : Retraining
        How often and how rules may do that.
    challenge : Challenge
        When a challenger is promoted, and when it is given up.
    promotion : {"approval", "automatic"}
        Whether a rule that promotes the challenger asks somebody first.
    """

    min_group: int = 30
    propensity_floor: float = 0.01
    drift: DriftPolicy = field(default_factory=DriftPolicy)
    health: HealthPolicy = field(default_factory=HealthPolicy)
    fairness: tuple[Fairness, ...] = ()
    rules: tuple[Rule, ...] = ()
    retraining: Retraining = field(default_factory=Retraining)
    challenge: Challenge = field(default_factory=Challenge)
    promotion: Promotion = "approval"

    def __post_init__(self) -> None:
        object.__setattr__(self, "fairness", tuple(self.fairness))
        object.__setattr__(self, "rules", tuple(self.rules))
        if self.promotion not in get_args(Promotion):
            raise InvalidInput("monitoring: promotion must be approval or automatic")
        if self.min_group < 1:
            raise InvalidInput("monitoring: min_group must be at least 1")
        if not 0 < self.propensity_floor < 1:
            raise InvalidInput("monitoring: propensity_floor must be between 0 and 1")
        declared = [(fair.segment, fair.favourable) for fair in self.fairness]
        if len(set(declared)) < len(declared):
            raise InvalidInput(
                "monitoring: a fairness with the same segment and favourable class is declared"
                " twice"
            )
