"""CrispML: the CRISP-DM life cycle of a machine-learning model as REST services.

This is the door for use-case authors: everything that a use case is made of, and nothing that
needs more than the base install.
"""

from crispml_core.domain.algorithms import Algorithm, Hyperparameter
from crispml_core.domain.approval import ApprovalPolicy
from crispml_core.domain.challenge import Challenge
from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.drift import DriftPolicy, FieldDrift
from crispml_core.domain.environments import EnvironmentData, FieldPolicy
from crispml_core.domain.expressions import call, field
from crispml_core.domain.fairness import Fairness
from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.health import HealthPolicy
from crispml_core.domain.monitoring import Monitoring
from crispml_core.domain.queries import Aggregate, SqlJoin
from crispml_core.domain.rules import Condition, Retraining, Rule
from crispml_core.domain.sources import CsvSource, ParquetSource, SqlSource
from crispml_core.domain.targets import CostMatrix, Gate, Segment, Target
from crispml_core.domain.use_case import Derive, Split, UseCase

__version__ = "0.1.0"

__all__ = [
    "Aggregate",
    "Algorithm",
    "ApprovalPolicy",
    "Challenge",
    "Condition",
    "CostMatrix",
    "CsvSource",
    "DataSetPrivacy",
    "Derive",
    "DriftPolicy",
    "EnvironmentData",
    "Fairness",
    "Field",
    "FieldDrift",
    "FieldPolicy",
    "Gate",
    "Generalise",
    "HealthPolicy",
    "Hyperparameter",
    "Monitoring",
    "ParquetSource",
    "Retraining",
    "Rule",
    "Segment",
    "Split",
    "SqlJoin",
    "SqlSource",
    "Target",
    "UseCase",
    "call",
    "field",
]
