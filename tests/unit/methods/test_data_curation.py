"""DataCuration learns from train only and gives a dense matrix of numbers."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from crispml_core.domain.errors import UseCaseError
from crispml_core.methods.data_curation import DataCuration

UNKNOWN = {"handle_unknown": "use_encoded_value", "unknown_value": -1}


def test_the_matrix_has_a_row_per_record_and_a_name_per_column(toy, toy_rows, prepared):
    frame = prepared(toy, toy_rows(200))
    transformer, curated = DataCuration(toy, toy.algorithms[0]).run(frame)
    assert curated.X.shape == (200, len(curated.names)) == (200, 6)
    assert curated.X.dtype == np.float64
    assert set(curated.y) == {0, 1}
    assert (curated.y == (frame["returned"] == "yes")).all()
    assert list(transformer.get_feature_names_out()) == list(curated.names)


def test_the_curation_has_seen_nothing_but_train(toy, toy_rows, prepared):
    frame = prepared(toy, toy_rows(300))
    train = frame["crispml_split"] == "train"
    loud = frame.copy()
    loud.loc[~train, "amount"] = 1e9
    quiet, _ = DataCuration(toy, toy.algorithms[0]).run(frame)
    after, _ = DataCuration(toy, toy.algorithms[0]).run(loud)
    scaler, same = quiet.named_transformers_["numbers"], after.named_transformers_["numbers"]
    assert (scaler.mean_ == same.mean_).all()
    assert scaler.mean_[0] == pytest.approx(frame.loc[train, "amount"].mean())


@pytest.mark.parametrize(
    ("curate", "says"),
    [
        (
            lambda: ColumnTransformer([("x", OneHotEncoder(), ["channel"])], sparse_threshold=1.0),
            "sparse_output=False",
        ),
        (lambda: ColumnTransformer([("x", "passthrough", ["channel"])]), "not numbers"),
        (lambda: ColumnTransformer([("x", "passthrough", ["nothing"])]), "curate of linear"),
        (
            lambda: ColumnTransformer(
                [("x", FunctionTransformer(lambda X: X[:5], feature_names_out="one-to-one"), [1])]
            ),
            "gives shape",
        ),
        (lambda: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_curation_that_cannot_be_used_names_what_to_fix(toy, toy_rows, prepared, curate, says):
    broken = replace(toy.algorithms[0], curate=curate)
    with pytest.raises(UseCaseError, match=says):
        DataCuration(toy, broken).run(prepared(toy, toy_rows(100)))


def test_neither_key_nor_target_nor_split_reaches_the_curation(toy, toy_rows, prepared):
    everything = replace(
        toy.algorithms[0],
        curate=lambda: ColumnTransformer(
            [("x", OrdinalEncoder(**UNKNOWN), ["amount", "items", "channel", "note", "price"])],
            remainder="passthrough",
        ),
    )
    transformer, curated = DataCuration(toy, everything).run(prepared(toy, toy_rows(60)))
    assert set(transformer.feature_names_in_) == {"amount", "items", "channel", "note", "price"}
    assert len(curated.names) == 5
