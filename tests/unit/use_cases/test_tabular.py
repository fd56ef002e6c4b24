"""A YAML file is a whole use case, and a wrong place in it is named."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from crispml_core.domain.errors import UseCaseError
from crispml_core.domain.expressions import Kind
from crispml_core.use_cases.loader import load_use_case


@pytest.fixture
def document():
    return {
        "name": "orders",
        "record_key": "id",
        "source": {"csv": "data/orders.csv"},
        "target": {"name": "y", "task": "binary", "values": ["no", "yes"], "positive": "yes"},
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "x", "type": "number", "nullable": True},
            {"name": "kind", "type": "category", "values": ["a", "b"]},
            {"name": "note", "type": "string", "nullable": True},
        ],
        "derive": {"twice": "x * 2", "large": "twice > 10"},
        "algorithms": {"logistic_regression": None, "gradient_boosting": {"max_leaf_nodes": 7}},
    }


@pytest.fixture
def load(tmp_path):
    def run(document):
        path = tmp_path / "use_case.yaml"
        path.write_text(
            document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
        )
        return load_use_case(str(path))

    return run


def test_a_file_declares_everything(load, document, tmp_path):
    one = load(document)
    assert one.source.path == str(tmp_path / "data" / "orders.csv")
    assert one.kinds["large"] is Kind.TRUTH
    boosting = one.algorithm("gradient_boosting")
    assert boosting.complete({})["max_leaf_nodes"] == 7
    assert boosting.complete({})["learning_rate"] == 0.05


def test_how_a_model_is_watched_is_no_part_of_the_definition(load, document):
    plain = load(document)
    watched = load(document | {"monitoring": {"min_group": 5}})
    assert (plain.monitoring.min_group, watched.monitoring.min_group) == (30, 5)
    assert watched.digest == plain.digest
    assert load(document | {"version": "2"}).digest != plain.digest


def test_a_model_can_be_fair_to_groups_that_it_does_not_know(load, document):
    (fair,) = load(
        {
            **document,
            "ignore": ["kind"],
            "segments": [{"name": "kind"}],
            "monitoring": {"fairness": [{"segment": "kind", "favourable": "no", "ratio": 0.9}]},
        }
    ).monitoring.fairness
    assert (fair.segment, fair.favourable, fair.ratio) == ("kind", "no", 0.9)
    assert "disparate_impact" in fair.criteria


def test_models_read_numbers_truths_and_categories_but_no_keys_and_no_free_text(load, document):
    transformer = load(document).algorithm("logistic_regression").curate()
    read = [column for _, _, columns in transformer.transformers for column in columns]
    assert sorted(read) == ["kind", "large", "twice", "x"]


def test_what_a_file_ignores_no_model_reads(load, document):
    transformer = load({**document, "ignore": ["x"]}).algorithm("gradient_boosting").curate()
    read = [column for _, _, columns in transformer.transformers for column in columns]
    assert "x" not in read
    assert "twice" in read


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "colour"),
        ({"name": None}, "name"),
        ({"source": {"csv": "a", "parquet": "b"}}, "one of csv, parquet and sql"),
        ({"source": {"sql": {"query": "select 1"}}}, "either url or connection"),
        (
            {"target": {"name": "y", "task": "binary", "values": [False, True], "positive": "yes"}},
            r"target\.values.*quotes",
        ),
        ({"fields": [{"name": "id", "type": "strang"}]}, r"fields\.0\.type"),
        ({"fields": [{"name": "id", "type": "string", "min": 1}]}, r"fields\.0\.min"),
        ({"algorithms": {"deep_thought": None}}, "known: logistic_regression"),
        ({"algorithms": {"ridge": None}}, "not offered for this task"),
        ({"algorithms": {"logistic_regression": {"C": -1}}}, "C must be between"),
        ({"derive": {"z": "x *"}}, "not well formed"),
        ({"derive": {"z": "w * 2"}}, "derived field z.*unknown field"),
        ({"derive": {"z": "kind * 2"}}, "needs a number"),
        ({"ignore": ["w"]}, "there is no field w"),
        ({"segments": [{"name": "s", "field": "w"}]}, "segment s"),
        ({"segments": [{"name": "s", "field": "kind", "bins": [1]}]}, "not a number"),
        ({"gates": [{"kpi": "auc"}]}, "minimum or a maximum"),
        ({"cost_matrix": {"false_positive": 0, "false_negative": 5}}, "must cost more"),
        ({"monitoring": {"min_group": 0}}, "min_group must be at least 1"),
        ({"monitoring": {"propensity_floor": 0}}, "propensity_floor must be between 0 and 1"),
        ({"monitoring": {"colour": 1}}, r"monitoring\.colour"),
        ({"monitoring": {"drift": {"psi": -1}}}, "psi must not be negative"),
        ({"monitoring": {"drift": {"pssi": 1}}}, r"monitoring\.drift\.pssi"),
        (
            {"monitoring": {"drift": {"fields": [{"field": "nobody"}]}}},
            "the field nobody does not exist",
        ),
        (
            {"monitoring": {"fairness": [{"segment": "s", "favourable": "no"}]}},
            "fairness of segment s: the segment is not declared",
        ),
        ({"monitoring": {"fairness": [{"favourable": "no"}]}}, r"monitoring\.fairness\.0\.segment"),
        ({"split": {"train": 0.9, "select": 0.2, "test": 0.1}}, "sum to 1"),
    ],
)
def test_a_wrong_place_is_named(load, document, change, says):
    with pytest.raises(UseCaseError, match=says):
        load({**document, **change})


def test_text_that_is_not_yaml_names_the_line(load):
    with pytest.raises(UseCaseError, match="not YAML in line 2"):
        load("name: orders\n  fields: [\n")


def test_an_empty_file_is_not_a_use_case(load):
    with pytest.raises(UseCaseError, match="the file"):
        load("")


def test_a_use_case_is_loaded_without_the_libraries_that_train():
    """A process that only scores stays small and starts fast."""
    heavy = {"sklearn", "pandas", "pyarrow", "scipy", "matplotlib"}
    path = Path(__file__).parents[3] / "examples" / "telco_churn" / "use_case.yaml"
    code = (
        "import sys\n"
        "from crispml_core.use_cases.loader import load_use_case\n"
        f"load_use_case({str(path)!r})\n"
        f"print(sorted({heavy!r} & set(sys.modules)))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_what_data_sets_are_refused_by_changes_no_model(load, document):
    before = load(document)
    asked = {"quasi_identifiers": ["kind"], "sensitive": ["y"], "k": 5, "l": 2}
    after = load({**document, "privacy": asked})
    assert (after.privacy.k, after.privacy.sensitive) == (5, ("y",))
    assert after.digest == before.digest
    with pytest.raises(UseCaseError, match="there is no field x2"):
        load({**document, "privacy": {"quasi_identifiers": ["x2"]}})


def test_an_environment_has_algorithms_over_what_its_models_see(document, tmp_path):
    path = tmp_path / "use_case.yaml"
    policy = {"field": "kind", "privacy": "drop"}
    environments = [{"name": "dev", "where": "x > 0", "fields": [policy]}]
    document |= {"ignore": ["kind"], "environments": environments}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    dev, prod = (load_use_case(str(path), where) for where in ("dev", "prod"))
    assert dev.digest == prod.digest
    assert (dev.pool is None, prod.pool is None) == (False, True)
    assert dev.seen.schema.names == ("id", "x", "note")
    assert dev.algorithm("logistic_regression").curate() is not None
    policy["field"] = "x"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    with pytest.raises(UseCaseError, match=r"environment dev: .*derived field twice"):
        load_use_case(str(path), "prod")


def test_training_on_what_policies_leave_changes_the_model(load, document):
    before = load(document).digest
    after = load({**document, "privacy": {"training": True}})
    assert after.privacy.training
    assert after.digest != before
    assert load({**document, "privacy": {"training": False}}).digest == before


def test_a_policy_of_an_environment_is_checked_in_every_other_one(load, document):
    document["segments"] = [{"name": "kind"}]
    assert load(document)
    qa = {"name": "qa", "fields": [{"field": "kind", "privacy": "encrypt"}]}
    with pytest.raises(UseCaseError, match=r"environment qa: .*segment kind would store"):
        load({**document, "environments": [qa]})
