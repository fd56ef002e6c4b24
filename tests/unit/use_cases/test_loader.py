"""Use cases come in through one door, and a broken one says what to fix."""

import sys

import pytest

from crispml_core.domain.errors import UseCaseError
from crispml_core.use_cases.loader import load_use_case, load_use_cases

GOOD = """
from crispml_core import Algorithm, CsvSource, Field, Gate, Target, UseCase

mine = UseCase(
    name="mine",
    record_key="id",
    fields=(Field("id", "string"), Field("x", "number")),
    target=Target("y", "binary", values=("a", "b"), positive="b"),
    source=CsvSource("x.csv"),
    algorithms=(Algorithm(name="any", curate=object, estimator=object),),
)
"""


@pytest.fixture
def write(tmp_path):
    def file(text, name="use_case.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return file


def test_a_file_is_loaded_with_its_digest(write):
    path = write(GOOD)
    one = load_use_case(f"{path}:mine")
    assert (one.name, len(one.digest)) == ("mine", 64)
    assert one.module in sys.modules
    path.write_text(GOOD + "\n# changed\n")
    assert load_use_case(f"{path}:mine").digest != one.digest


def test_a_module_beside_the_caller_is_found(write, monkeypatch):
    write(GOOD, "orders_pkg/cases.py")
    package = write("", "orders_pkg/__init__.py").parent
    monkeypatch.chdir(package.parent)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    one = load_use_case("orders_pkg.cases:mine")
    assert one.module == "orders_pkg.cases"


def test_a_test_beside_the_module_is_not_part_of_the_definition(write, monkeypatch):
    write(GOOD, "digest_pkg/cases.py")
    package = write("", "digest_pkg/__init__.py").parent
    monkeypatch.syspath_prepend(package.parent)
    digest = load_use_case("digest_pkg.cases:mine").digest
    (package / "test_cases.py").write_text("assert True")
    (package / "monitoring.py").write_text("min_group = 30")
    assert load_use_case("digest_pkg.cases:mine").digest == digest
    (package / "helper.py").write_text("x = 1")
    assert load_use_case("digest_pkg.cases:mine").digest != digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def broken(:\n", r"SyntaxError at line 1 of use_case\.py"),
        ("x = 1\ny = undefined\n", r"NameError at line 2 of use_case\.py: name .undefined."),
        ("import nothing_like_this\n", "nothing_like_this"),
        (GOOD.replace("mine =", "other ="), "it has other"),
        ("mine = 5\n", "not a UseCase"),
        (GOOD.replace('"binary"', '"binray"'), "task must be one of"),
        (GOOD.replace('positive="b"', 'positive="c"'), "positive is one of them"),
        (GOOD.replace('record_key="id"', 'record_key="idd"'), "record_key 'idd'"),
        (GOOD.replace('Field("x", "number")', 'Field("id", "number")'), "declared twice: id"),
        (GOOD.replace('Field("x", "number")', 'Field("x", "money")'), "type must be one of"),
        (GOOD.replace('Field("x", "number")', 'Field("crispml_x", "number")'), "crispml_"),
        (GOOD.replace('Field("x", "number")', 'Field("y", "number")'), "must not be among"),
        (
            GOOD.replace(
                'algorithms=(Algorithm(name="any", curate=object, estimator=object),)',
                "algorithms=()",
            ),
            "at least one algorithm",
        ),
        (GOOD.replace('name="mine"', 'name="Mine!"'), "lower case"),
        (
            GOOD.replace("source=", "gates=[Gate('acu', minimum=0.5)], source="),
            "gate acu: no such KPI.*did you mean 'auc'",
        ),
        ("raise SystemError('at import')\n", "SystemError"),
    ],
)
def test_a_broken_file_says_what_to_fix(write, text, says):
    path = write(text)
    with pytest.raises(UseCaseError, match=says):
        load_use_case(f"{path}:mine")


@pytest.mark.parametrize("reference", ["nowhere.py:x", "no_colon", "no.such.module:x", "a.yaml"])
def test_a_reference_that_leads_nowhere_says_so(reference):
    with pytest.raises(UseCaseError):
        load_use_case(reference)


def test_two_use_cases_of_one_name_are_refused(write):
    one, two = write(GOOD, "a.py"), write(GOOD + "\n", "b.py")
    with pytest.raises(UseCaseError, match="two use cases"):
        load_use_cases([f"{one}:mine", f"{two}:mine"])


def test_entry_points_are_loaded_without_being_asked(write, monkeypatch):
    from importlib.metadata import EntryPoint

    write(GOOD, "installed_case.py")
    monkeypatch.syspath_prepend(write("", "x").parent)
    point = EntryPoint("mine", "installed_case:mine", "crispml.use_cases")
    monkeypatch.setattr("crispml_core.use_cases.loader.entry_points", lambda group: [point])
    assert set(load_use_cases([])) == {"mine"}
