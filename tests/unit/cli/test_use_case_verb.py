from __future__ import annotations

import json
import sqlite3

import pytest

from crispml_core.cli.skeletons import reference_of, write_skeleton
from crispml_core.use_cases.loader import load_use_case


@pytest.mark.parametrize("options", [(), ("--yaml",)])
def test_a_new_use_case_loads_and_its_curation_fits_its_data(crispml_cli, tmp_path, options):
    import pandas as pd

    result = crispml_cli("use-case", "new", "late-orders", *options)
    assert result.exit_code == 0, result.stderr

    use_case = load_use_case(reference_of(tmp_path / "late-orders"))
    data = pd.read_csv(tmp_path / "late-orders" / "data.csv")
    data["price_per_item"] = data.amount / data["items"]

    assert use_case.name == "late-orders"
    assert set(data.returned.unique()) == set(use_case.target.values)
    assert data[use_case.record_key].is_unique
    for algorithm in use_case.algorithms:
        curated = algorithm.curate().fit_transform(data)
        fitted = algorithm.estimator(**algorithm.complete({})).fit(curated, data.returned)
        assert fitted.score(curated, data.returned) > 0.6


@pytest.mark.parametrize("options", [(), ("--yaml",)])
def test_a_new_use_case_brings_a_test_that_names_its_file(crispml_cli, tmp_path, options):
    answer = json.loads(crispml_cli("use-case", "new", "a.b-1", "--json", *options).stdout)

    test = (tmp_path / "a.b-1" / "test_a_b_1.py").read_text()
    compile(test, "test_use_case.py", "exec")
    assert answer["reference"].removeprefix("a.b-1/") in test
    assert len(answer["files"]) == 3


def test_the_printed_reference_works_for_a_name_that_is_no_python_name(crispml_cli, tmp_path):
    answer = json.loads(crispml_cli("use-case", "new", "3-orders", "--json").stdout)

    assert load_use_case(answer["reference"]).name == "3-orders"


def test_an_existing_folder_is_left_alone(crispml_cli, tmp_path):
    (tmp_path / "orders").mkdir()

    result = crispml_cli("use-case", "new", "orders")

    assert result.exit_code == 1
    assert "there already" in result.stderr
    assert list((tmp_path / "orders").iterdir()) == []


def test_a_name_that_cannot_be_a_use_case_writes_nothing(crispml_cli, tmp_path):
    result = crispml_cli("use-case", "new", "../Orders")

    assert result.exit_code == 1
    assert "lower case" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_checking_a_file_that_is_not_there_says_so(crispml_cli):
    result = crispml_cli("use-case", "check", "orders/use_case.py:orders")

    assert result.exit_code == 1
    assert "there is no such file" in result.stderr


def test_checking_an_unknown_name_lists_what_is_there(crispml_cli):
    result = crispml_cli("use-case", "check", "orders")

    assert result.exit_code == 1
    assert "CRISPML_USE_CASES" in result.stderr
    assert "file.py:name" in result.stderr


def test_a_name_that_python_keeps_for_itself_still_makes_a_working_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_skeleton(tmp_path, "class", yaml=False)
    compile((tmp_path / "class" / "use_case.py").read_text(), "use_case.py", "exec")
    assert reference_of(tmp_path / "class").endswith("use_case.py:case_class")


@pytest.fixture
def orders(tmp_path, monkeypatch):
    """Declare orders in a database of two tables."""
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.executescript(
            """
            CREATE TABLE orders (order_id TEXT PRIMARY KEY, amount REAL, returned TEXT);
            INSERT INTO orders VALUES ('A', 1, 'no'), ('B', 2, 'yes'), ('C', 4, 'yes');
            """
        )
    monkeypatch.setenv("CRISPML_CONNECTIONS", '{"shop": "sqlite:///shop.db"}')
    (tmp_path / "orders.yaml").write_text(
        """
        name: orders
        record_key: order_id
        source: {sql: {table: orders, where: amount < 77, connection: shop}}
        target: {name: returned, task: binary, values: ["no", "yes"], positive: "yes"}
        fields: [{name: order_id, type: string}, {name: amount, type: number}]
        algorithms: {logistic_regression: }
        """
    )
    return "orders.yaml"


def test_the_statement_of_a_source_is_shown_without_values(crispml_cli, orders):
    result = crispml_cli("use-case", "sql", orders, "--where", "amount > 1", "--json")

    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["in_database"] == ["columns", "filter", "order"]
    assert "FROM orders" in told["sql"]
    assert "77" not in told["sql"]


def test_the_columns_of_a_source_are_described_by_its_database(crispml_cli, orders):
    result = crispml_cli("use-case", "profile", orders, "--where", "amount > 1", "--json")

    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["rows"] == 2
    assert told["columns"]["amount"]["quantiles"]["0.5"] == 2.0
    assert "minimum" not in told["columns"]["order_id"]
    shown = crispml_cli("use-case", "profile", orders)
    assert "3 rows" in shown.stdout
