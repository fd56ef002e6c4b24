"""Which orders come back: a use case that is installed as a package, with its data.

The orders are made up: `orders.csv` was drawn once from the rule that `README.md` states.
"""

from pathlib import Path

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from crispml_core import Algorithm, CsvSource, Derive, Field, Gate, Hyperparameter, Target, UseCase


def curate() -> ColumnTransformer:
    """Scale the numbers and encode the channel."""
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["amount", "items", "price"]),
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["channel"]),
        ]
    )


use_case = UseCase(
    name="orders_returned",
    version="1",
    description="Which orders come back.",
    record_key="order_id",
    subject_key="customer",
    fields=(
        Field("order_id", "string", "Number of the order.", max_length=20),
        Field("customer", "string", "Who ordered.", max_length=20, privacy="pseudonymise"),
        Field("note", "string", "Free text.", nullable=True, privacy="encrypt"),
        Field("amount", "number", "Amount in euro.", minimum=0, maximum=10_000),
        Field("items", "integer", "Number of items.", minimum=1, maximum=100),
        Field("channel", "category", "Where it came from.", values=("shop", "web", "phone")),
    ),
    target=Target("returned", "binary", values=("no", "yes"), positive="yes"),
    source=CsvSource(str(Path(__file__).with_name("orders.csv"))),
    prepare=(Derive("price", "amount / items"),),
    algorithms=(
        Algorithm(
            name="logistic_regression",
            curate=curate,
            estimator=LogisticRegression,
            hyperparameters=(Hyperparameter("C", 1.0, 1e-3, 1e3, scale="log"),),
        ),
    ),
    gates=(Gate("auc", minimum=0.6),),
)
