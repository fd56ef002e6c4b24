"""A process without the keys that its use cases need does not start."""

from dataclasses import replace

import pytest

from crispml_core.adapters.secret_keys import make_keys
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.bootstrap.privacy import open_privacy, read_secrets
from crispml_core.domain.errors import InvalidInput
from crispml_core.settings import CrispMLSettings


@pytest.fixture
def engine(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    yield engine
    engine.dispose()


def private(toy, policy):
    fields = [
        replace(field, privacy=policy) if field.name == "note" else field for field in toy.fields
    ]
    return {"toy": replace(toy, fields=tuple(fields))}


def settings(tmp_path, *names):
    files = {f"{name}_key_file": str(tmp_path / name) for name in names}
    for name in names:
        make_keys(tmp_path / name)
    return CrispMLSettings.model_validate({"privacy": files})


def test_nothing_is_needed_where_no_policy_needs_it(toy, tmp_path, engine):
    privacy = open_privacy(settings(tmp_path), {"toy": toy}, engine)
    assert privacy.vault is None
    assert privacy.of(toy) is not None, "a field is dropped"


@pytest.mark.parametrize(
    ("policy", "needs"), [("pseudonymise", "pseudonym"), ("encrypt", "master")]
)
def test_a_policy_needs_its_key(toy, tmp_path, engine, policy, needs):
    other = {"pseudonym": "master", "master": "pseudonym"}[needs]
    use_cases = private(toy, policy)
    with pytest.raises(InvalidInput, match=f"CRISPML_PRIVACY__{needs.upper()}_KEY_FILE"):
        open_privacy(settings(tmp_path, other), use_cases, engine)
    privacy = open_privacy(settings(tmp_path, needs), use_cases, engine)
    assert (privacy.vault is not None) == (policy == "encrypt")
    privacy.close()


def test_a_file_that_is_not_there_is_said_before_anything_starts(tmp_path):
    named = {"privacy": {"master_key_file": str(tmp_path / "missing")}}
    with pytest.raises(InvalidInput, match="CRISPML_PRIVACY__MASTER_KEY_FILE"):
        read_secrets(CrispMLSettings.model_validate(named))
