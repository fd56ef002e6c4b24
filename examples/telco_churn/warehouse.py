"""Puts the example into a database, as an enterprise has it: several tables, and time in them.

    python examples/telco_churn/warehouse.py sqlite:///telco.db

The customers are those of the CSV file. When each was asked, and their calls to the service line,
are made up from a seed; some calls come after the question, as they do in a real warehouse.
"""

from __future__ import annotations

import csv
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

FILE = Path(__file__).with_name("telco_churn.csv")
METADATA = sa.MetaData()
CUSTOMERS = sa.Table(
    "telco_customers",
    METADATA,
    sa.Column("customer_id", sa.String(20), primary_key=True),
    sa.Column("tenure", sa.Integer(), nullable=False),
    sa.Column("monthly_charges", sa.Numeric(8, 2), nullable=False),
    sa.Column("contract", sa.String(20), nullable=False),
    sa.Column("asked_at", sa.DateTime(), nullable=False),
    sa.Column("churn", sa.String(3), nullable=False),
)
CONTRACTS = sa.Table(
    "telco_contracts",
    METADATA,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("months", sa.Integer(), nullable=False),
)
CALLS = sa.Table(
    "telco_calls",
    METADATA,
    sa.Column("customer_id", sa.String(20), nullable=False, index=True),
    sa.Column("called_at", sa.DateTime(), nullable=False),
    sa.Column("minutes", sa.Integer(), nullable=False),
    sa.Column("topic", sa.String(20)),
)
TOPICS = ("bill", "fault", "offer", None)


def load(url: str) -> None:
    """Make the tables anew and fill them."""
    draw = random.Random(7)  # noqa: S311  # made up, not secret
    with FILE.open(newline="") as file:
        customers = [_customer(row, draw) for row in csv.DictReader(file)]
    calls = [call for customer in customers for call in _calls(customer, draw)]
    contracts = {"Month-to-month": 1, "One year": 12, "Two year": 24}
    engine = sa.create_engine(url)
    METADATA.drop_all(engine)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(CUSTOMERS.insert(), customers)
        connection.execute(
            CONTRACTS.insert(), [{"name": name, "months": n} for name, n in contracts.items()]
        )
        connection.execute(CALLS.insert(), calls)
    engine.dispose()


def _customer(row: dict[str, str], draw: random.Random) -> dict[str, object]:
    return {
        "customer_id": row["customer_id"],
        "tenure": int(row["tenure"]),
        "monthly_charges": float(row["monthly_charges"]),
        "contract": row["contract"],
        "asked_at": datetime(2024, 1, 1) + timedelta(hours=draw.randrange(180 * 24)),
        "churn": row["churn"],
    }


def _calls(customer: dict[str, object], draw: random.Random) -> list[dict[str, object]]:
    asked_at = customer["asked_at"]
    assert isinstance(asked_at, datetime)
    return [
        {
            "customer_id": customer["customer_id"],
            "called_at": asked_at + timedelta(hours=draw.randrange(-300 * 24, 60 * 24)),
            "minutes": draw.randrange(1, 40),
            "topic": draw.choice(TOPICS),
        }
        for _ in range(draw.randrange(5 if customer["churn"] == "Yes" else 3))
    ]


if __name__ == "__main__":
    load(sys.argv[1])
