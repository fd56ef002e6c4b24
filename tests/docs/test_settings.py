"""Every setting is documented, with its true default."""

import re
from collections import Counter
from pathlib import Path

from pydantic import BaseModel

from crispml_core.rest.docstrings import attribute_docstrings
from crispml_core.settings import CrispMLSettings

ROOT = Path(__file__).parents[2]


def settings():
    """Yield the variable and the default of every setting."""
    for name, field in CrispMLSettings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            for inner in type(default).model_fields:
                yield f"CRISPML_{name}__{inner}".upper(), getattr(default, inner)
        else:
            yield f"CRISPML_{name}".upper(), default


def shown(value):
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    return "" if value in ((), None) else str(value)


def test_the_example_file_lists_every_setting_with_its_default():
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines if line.startswith("CRISPML_"))
    assert found == {variable: shown(default) for variable, default in settings()}


def test_the_readme_has_a_row_for_every_setting_and_no_other():
    readme = (ROOT / "README.md").read_text()
    rows = Counter(re.findall(r"^\| `(CRISPML_\w+)` \|", readme, re.MULTILINE))
    assert rows == Counter(variable for variable, _ in settings())


def test_every_setting_is_explained():
    for model in (CrispMLSettings, *_concerns()):
        described = attribute_docstrings(model)
        for name in model.model_fields:
            assert described.get(name), f"{model.__name__}.{name} has no docstring"


def _concerns():
    for field in CrispMLSettings.model_fields.values():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield type(default)
