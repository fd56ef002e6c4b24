"""Credit risk of loan applications.

The data are the 1000 applications of the UCI Statlog German Credit set (Hofmann, 1994; CC BY 4.0),
see README.md. A bad risk that is accepted costs five times a good one that is refused, as the
documentation of the set says.
"""

from pathlib import Path

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from crispml_core import (
    Algorithm,
    ApprovalPolicy,
    Condition,
    CostMatrix,
    CsvSource,
    Derive,
    Fairness,
    Field,
    Gate,
    Hyperparameter,
    Monitoring,
    Retraining,
    Rule,
    Segment,
    Target,
    UseCase,
    call,
    field,
)

FIELDS = (
    Field("application_id", "string", "Number of the application.", max_length=20),
    Field(
        "checking_status",
        "category",
        "Balance of the checking account.",
        values=(
            "... < 0 DM",
            "0 <= ... < 200 DM",
            "... >= 200 DM / salary assignments for at least 1 year",
            "no checking account",
        ),
    ),
    Field("duration_months", "integer", "Term of the loan.", minimum=1, maximum=120),
    Field(
        "credit_history",
        "category",
        "How earlier loans were paid back.",
        values=(
            "no credits taken/ all credits paid back duly",
            "all credits at this bank paid back duly",
            "existing credits paid back duly till now",
            "delay in paying off in the past",
            "critical account/ other credits existing (not at this bank)",
        ),
    ),
    Field(
        "purpose",
        "category",
        "What the loan is for.",
        values=(
            "car (new)",
            "car (used)",
            "furniture/equipment",
            "radio/television",
            "domestic appliances",
            "repairs",
            "education",
            "retraining",
            "business",
            "others",
        ),
    ),
    Field("credit_amount", "integer", "Amount in DM.", minimum=1, maximum=1_000_000),
    Field(
        "savings",
        "category",
        "Savings account or bonds.",
        values=(
            "... < 100 DM",
            "100 <= ... < 500 DM",
            "500 <= ... < 1000 DM",
            "... >= 1000 DM",
            "unknown/ no savings account",
        ),
    ),
    Field(
        "employment_since",
        "category",
        "Time with the present employer.",
        values=(
            "unemployed",
            "... < 1 year",
            "1 <= ... < 4 years",
            "4 <= ... < 7 years",
            "... >= 7 years",
        ),
    ),
    Field("installment_rate", "integer", "Instalment in % of income.", minimum=1, maximum=4),
    Field(
        "personal_status_sex",
        "category",
        "Marital status and sex.",
        values=(
            "female : divorced/separated/married",
            "male : divorced/separated",
            "male : married/widowed",
            "male : single",
        ),
    ),
    Field(
        "other_debtors",
        "category",
        "Who else is liable.",
        values=("none", "co-applicant", "guarantor"),
    ),
    Field("residence_since", "integer", "Years at the address, in 4 steps.", minimum=1, maximum=4),
    Field(
        "property",
        "category",
        "Most valuable property.",
        values=(
            "real estate",
            "building society savings agreement/ life insurance",
            "car or other, not in attribute Savings account/bonds",
            "unknown / no property",
        ),
    ),
    Field("age", "integer", "Age in years.", minimum=18, maximum=110),
    Field(
        "other_installment_plans",
        "category",
        "Instalment plans elsewhere.",
        values=("bank", "stores", "none"),
    ),
    Field("housing", "category", "How the applicant lives.", values=("rent", "own", "for free")),
    Field("existing_credits", "integer", "Loans at this bank.", minimum=0, maximum=20),
    Field(
        "job",
        "category",
        "Kind of work.",
        values=(
            "unemployed/ unskilled - non-resident",
            "unskilled - resident",
            "skilled employee / official",
            "management/ self-employed/ highly qualified employee/ officer",
        ),
    ),
    Field("dependents", "integer", "People to provide for.", minimum=0, maximum=20),
    Field(
        "telephone",
        "category",
        "Telephone in the applicant's name.",
        values=("none", "yes, registered under the customers name"),
    ),
    Field("foreign_worker", "category", "Is a foreign worker.", values=("yes", "no")),
)

PREPARE = (
    Derive("monthly_payment", field("credit_amount") / field("duration_months")),
    Derive("log_amount", call("log", field("credit_amount"))),
    Derive(
        "sex",
        call(
            "where", call("starts_with", field("personal_status_sex"), "female"), "female", "male"
        ),
    ),
)

# Sex and marital status are looked at in reports and never by a model.
NUMBERS = [
    *(f.name for f in FIELDS if f.is_numeric),
    "monthly_payment",
    "log_amount",
]
TEXTS = [f.name for f in FIELDS if f.type == "category" and f.name != "personal_status_sex"]


def scaled_and_one_hot() -> ColumnTransformer:
    """Curate for a linear model."""
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), NUMBERS),
            ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXTS),
        ]
    )


def numbered_categories() -> ColumnTransformer:
    """Curate for trees: categories as numbers in front, then the numbers as they are."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    return ColumnTransformer([("texts", codes, TEXTS), ("numbers", "passthrough", NUMBERS)])


def logistic_regression(**given: float) -> LogisticRegression:
    """Make the linear model."""
    return LogisticRegression(max_iter=2000, **given)


def gradient_boosting(**given: float) -> HistGradientBoostingClassifier:
    """Make the boosted trees; the first columns are the categories."""
    return HistGradientBoostingClassifier(
        categorical_features=list(range(len(TEXTS))), early_stopping=False, **given
    )


german_credit = UseCase(
    name="german_credit",
    version="1",
    description="Credit risk of loan applications.",
    record_key="application_id",
    fields=FIELDS,
    target=Target("risk", "binary", values=("good", "bad"), positive="bad"),
    source=CsvSource(str(Path(__file__).with_name("german_credit.csv"))),
    prepare=PREPARE,
    algorithms=(
        Algorithm(
            name="logistic_regression",
            description="Logistic regression on scaled and one-hot encoded fields.",
            curate=scaled_and_one_hot,
            estimator=logistic_regression,
            hyperparameters=(
                Hyperparameter(
                    "C", 0.1, 1e-4, 1e3, search=(0.01, 0.03, 0.1, 0.3, 1.0), scale="log"
                ),
            ),
        ),
        Algorithm(
            name="gradient_boosting",
            description="Gradient boosted trees on numbered categories.",
            curate=numbered_categories,
            estimator=gradient_boosting,
            hyperparameters=(
                Hyperparameter(
                    "learning_rate", 0.05, 0.001, 1.0, search=(0.03, 0.05, 0.1), scale="log"
                ),
                Hyperparameter("max_iter", 250, 1, 2000, search=(150, 250, 400)),
                Hyperparameter("max_leaf_nodes", 4, 2, 255, search=(4, 7, 15)),
                Hyperparameter("min_samples_leaf", 20, 1, 500),
                Hyperparameter("l2_regularization", 5.0, 0.0, 1000.0, search=(1.0, 5.0, 20.0)),
            ),
        ),
    ),
    segments=(Segment("sex"), Segment("age_group", field="age", bins=(26, 36, 51))),
    cost_matrix=CostMatrix(false_positive=1, false_negative=5),
    gates=(Gate("auc", minimum=0.7),),
    approval=ApprovalPolicy(
        owner="Credit risk, private customers",
        intended_use="To decide on instalment loans of private customers; not for companies.",
    ),
    # A loan that is granted is what an applicant hopes for. The models know the age, not the sex.
    monitoring=Monitoring(
        fairness=(
            Fairness(segment="sex", favourable="good", reference="male"),
            Fairness(segment="age_group", favourable="good", reference="36 - 51"),
        ),
        # The truth of a loan is known a month later, so a KPI looks back further than that.
        rules=(
            Rule("inputs-drift", Condition("drift")),
            Rule(
                "auc-below-gate",
                Condition("kpi", "auc"),
                window_days=60,
                severity="critical",
                action="retrain",
            ),
            Rule(
                "challenger-won",
                Condition("challenger", "promote"),
                severity="info",
                action="promote",
            ),
        ),
        retraining=Retraining(cooldown_days=14),
        promotion="automatic",
    ),
)
