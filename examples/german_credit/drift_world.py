"""A town that applies for loans, month after month, with a truth that is known.

`crispml demo --story drift` plays in it. Applicants are drawn from the 1000 real ones, with a
little noise on the amount; whether one is a bad risk is drawn from a scorecard made of the real
shares of bad risks by value. From a month on, a broker sends applicants too: they keep no account
here, want larger and longer loans, and what makes a bad risk of them is another thing. So the
inputs drift, and the relation that a model has learnt from the bank's own customers does not hold
for the new ones.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

TARGET, BAD, GOOD = "risk", "bad", "good"
DATA = Path(__file__).with_name("german_credit.csv")
# The fields of the scorecard, and what a unit of a number adds to the log-odds of a bad risk.
CATEGORIES = (
    "checking_status",
    "credit_history",
    "purpose",
    "savings",
    "employment_since",
    "property",
    "other_installment_plans",
    "housing",
    "other_debtors",
)
NUMBERS = {"duration_months": 0.025, "credit_amount": 0.00003, "age": -0.01}
# The shares of bad risks by value count each fact on its own, although they go together.
SHRINK = 0.8
SHORT_WORK = ("unemployed", "... < 1 year")
WHOLE_NUMBERS = (
    "duration_months",
    "credit_amount",
    "installment_rate",
    "residence_since",
    "age",
    "existing_credits",
    "dependents",
)


@dataclass(frozen=True, slots=True)
class Applicant:
    """One application, and what becomes of it.

    Parameters
    ----------
    record : dict
        The fields of the record schema.
    truth : str
        ``good`` or ``bad``.
    probability : float
        The probability of ``bad`` that the truth was drawn with.
    is_from_broker : bool
        Whether the application belongs to the drift.
    """

    record: dict[str, Any]
    truth: str
    probability: float
    is_from_broker: bool


class Town:
    """Draws applicants; the same seed gives the same ones.

    Parameters
    ----------
    seed : int
        Of everything that is drawn.
    broker_from : int
        The first month in which the broker sends applicants.
    broker_share : float
        The share of applicants that come from the broker then.
    """

    def __init__(self, seed: int = 0, *, broker_from: int = 5, broker_share: float = 0.7) -> None:
        self.broker_from, self.broker_share = broker_from, broker_share
        self._seed = seed
        with DATA.open(newline="") as file:
            self._rows = list(csv.DictReader(file))
        self._points = _points(self._rows)
        self._middle = {
            name: sum(float(row[name]) for row in self._rows) / len(self._rows) for name in NUMBERS
        }

    def month(self, number: int, applicants: int) -> list[Applicant]:
        """Return the applicants of a month; months count from 1."""
        chance = Random(f"{self._seed}:{number}")  # noqa: S311
        share = self.broker_share if number >= self.broker_from else 0.0
        return [
            self._applicant(chance, f"M{number:02d}-{order:05d}", chance.random() < share)
            for order in range(applicants)
        ]

    def _applicant(self, chance: Random, key: str, is_from_broker: bool) -> Applicant:
        row = dict(chance.choice(self._rows))
        del row[TARGET]
        record: dict[str, Any] = row | {name: int(row[name]) for name in WHOLE_NUMBERS}
        record["application_id"] = key
        record["credit_amount"] = int(record["credit_amount"] * math.exp(chance.gauss(0, 0.15)))
        if is_from_broker:
            record["checking_status"] = "no checking account"
            record["credit_amount"] = int(record["credit_amount"] * 1.6)
            record["duration_months"] = min(int(record["duration_months"] * 1.3), 72)
        logit = _broker_logit(record) if is_from_broker else self._logit(record)
        probability = 1 / (1 + math.exp(-logit))
        truth = BAD if chance.random() < probability else GOOD
        return Applicant(record, truth, probability, is_from_broker)

    def _logit(self, record: dict[str, Any]) -> float:
        points = sum(self._points[name, record[name]] for name in CATEGORIES)
        slopes = sum(slope * (record[name] - self._middle[name]) for name, slope in NUMBERS.items())
        return self._points["", ""] + SHRINK * points + slopes


def _points(rows: list[dict[str, str]]) -> dict[tuple[str, str], float]:
    """Return by field and value how much it adds to the log-odds; under two empty names, the base.

    Seven good and three bad risks are added to each value, so that a rare one says little.
    """
    all_rows, bad_rows = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows:
        facts = [("", ""), *((name, row[name]) for name in CATEGORIES)]
        all_rows.update(facts)
        bad_rows.update(facts if row[TARGET] == BAD else ())
    base = math.log(bad_rows["", ""] / (all_rows["", ""] - bad_rows["", ""]))
    points = {
        fact: math.log((bad_rows[fact] + 3) / (all_rows[fact] - bad_rows[fact] + 7)) - base
        for fact in all_rows
    }
    return points | {("", ""): base}


def _broker_logit(record: dict[str, Any]) -> float:
    return (
        -2.4
        + 2.7 * (record["housing"] != "own")
        + 2.8 * (record["installment_rate"] >= 4)
        + 3.0 * (record["employment_since"] in SHORT_WORK)
        - 2.2 * record["job"].startswith("management")
        + 1.8 * (record["savings"] == "... < 100 DM")
        - 0.08 * (record["age"] - 35)
    )
