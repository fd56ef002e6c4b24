"""What no compiler covers is named; what a curation refuses is refused compiled too."""

import functools

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from crispml_core import Segment
from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.domain.errors import UseCaseError
from crispml_core.ports.model_compiler import NotCompilable

ROW = ("k", 1.0, 5, 0.5, True, False, "sea", "A", None)


def _days(frame):
    return (frame - frame.min()).apply(lambda days: days.dt.days.fillna(0))


def only(transformer, columns=("size",)):
    return ColumnTransformer([("only", transformer, list(columns))])


def refusal(things, curation, estimator=None, task="binary", **changes):
    use_case, pipeline, X = things.fit(task, curation, estimator or LogisticRegression(), **changes)
    with pytest.raises(NotCompilable) as caught:
        SklearnModelCompiler().compile(use_case, pipeline, X)
    return str(caught.value)


class Halved(LogisticRegression):
    """A model of somebody's own, which converts to nothing."""


@pytest.mark.parametrize(
    ("curation", "estimator", "says"),
    [
        (only(PCA(1), ["size", "count"]), None, "the curation holds a PCA"),
        (only(KNNImputer(), ["price"]), None, "the curation holds a KNNImputer"),
        (only(FunctionTransformer(np.abs)), None, "the curation calls a function"),
        (
            only(FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1))),
            None,
            "the curation calls a function",
        ),
        (only(SimpleImputer(missing_values=0), ["count"]), None, "another value than NaN"),
        (
            ColumnTransformer([("a", "passthrough", ["size"])], transformer_weights={"a": 2}),
            None,
            "weights its transformers",
        ),
        (only(FunctionTransformer(_days), ["day"]), None, "reads the date day"),
        (
            only("passthrough"),
            SGDClassifier(loss="modified_huber", random_state=0),
            "the loss modified_huber",
        ),
        (only("passthrough"), Halved(), "a Halved does not convert to ONNX"),
    ],
)
def test_what_is_not_covered_is_named(things, curation, estimator, says):
    assert says in refusal(things, curation, estimator)


def test_a_preparation_by_a_function_is_not_compiled(things):
    told = refusal(
        things, only("passthrough"), prepare=lambda rows: rows.assign(kind="x"), segments=()
    )
    assert told == "the preparation is a function"


def test_a_segment_by_date_is_not_compiled(things):
    told = refusal(things, only("passthrough"), segments=(Segment("day"),))
    assert told == "the segment day is a date"


def test_a_class_that_training_never_saw_is_not_compiled(things):
    use_case, pipeline, X = things.fit("multiclass", only("passthrough"), LogisticRegression())
    pipeline[-1].classes_ = np.array([0, 2, 3])
    with pytest.raises(NotCompilable, match="a class of the target"):
        SklearnModelCompiler().compile(use_case, pipeline, X)


def test_a_part_that_breaks_the_compiler_is_no_failure_of_the_run(things):
    use_case, pipeline, X = things.fit("binary", only("passthrough"), LogisticRegression())
    del pipeline[-1].coef_
    with pytest.raises(NotCompilable, match="the compiler fails: AttributeError"):
        SklearnModelCompiler().compile(use_case, pipeline, X)


def both_refuse(model, row, batch):
    found = []
    for scorer in (model.reference, model.scorer):
        for answer in (
            lambda scorer=scorer: scorer.answer_rows([ROW, row]),
            lambda scorer=scorer: scorer.answer_columns(batch),
        ):
            with pytest.raises(UseCaseError) as caught:
                answer()
            found.append(caught.value)
    assert {error.step for error in found} == {"predict"}
    return found[-1].message


@pytest.mark.parametrize(
    ("curation", "estimator"),
    [
        (only(OneHotEncoder(), ["letter"]), LogisticRegression()),
        (only(OrdinalEncoder(), ["letter"]), HistGradientBoostingClassifier(max_iter=3)),
        (only(OrdinalEncoder(), ["letter"]), RandomForestClassifier(3, random_state=0)),
        (only(OneHotEncoder(sparse_output=False), ["letter"]), KNeighborsClassifier()),
    ],
)
def test_a_category_that_the_curation_refuses_is_refused(things, curation, estimator):
    model = things.compile_and_read(*things.fit("binary", curation, estimator))
    row = (*ROW[:7], "Z", None)
    assert "field letter" in both_refuse(model, row, things.batch_of([ROW, row]))
    assert "Z" not in both_refuse(model, row, things.batch_of([ROW, row]))
    assert model.scorer.answer_rows([ROW]).predictions


@pytest.mark.parametrize(
    "curation",
    [only("passthrough", ["size", "ratio"]), only(FunctionTransformer(), ["size", "ratio"])],
)
def test_a_missing_value_that_training_never_saw_is_refused(things, curation):
    """The ratio is missing only where the count is zero, or the price is missing."""
    filled = make_pipeline(curation, SimpleImputer())
    use_case, pipeline, X = things.fit("binary", filled, LogisticRegression())
    pipeline.steps[0] = ("curate", pipeline[0][0])  # as if nothing had ever been missing
    model = things.compile_and_read(use_case, pipeline, X.assign(ratio=X["ratio"].fillna(0)))
    row = (*ROW[:2], 0, *ROW[3:])
    assert "missing" in both_refuse(model, row, things.batch_of([ROW, row]))


def test_an_unknown_category_of_one_text_does_not_refuse_a_dictionary_that_holds_it(things):
    """Arrow dictionaries may hold values that no row has."""
    model = things.compile_and_read(
        *things.fit("binary", only(OneHotEncoder(), ["letter"]), LogisticRegression())
    )
    batch = things.batch_of([ROW, (*ROW[:7], "Z", None)], encoded=True).slice(0, 1)
    assert len(batch.column("letter").dictionary) == 2
    assert model.scorer.answer_columns(batch) == model.scorer.answer_rows([ROW])
