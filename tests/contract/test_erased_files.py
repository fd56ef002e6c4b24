"""What is left of destroyed keys in the files of a database, page by page."""

from __future__ import annotations

import pytest

from crispml_core.domain.subjects import SubjectKey
from tests.contract.test_erasure_log import an_erasure


@pytest.fixture
def erasures(stores):
    return stores.erasures


@pytest.mark.needs("tables", "in_process")
def test_nothing_of_a_key_is_left_in_the_files(stores, erasures, tmp_path):
    secrets = {f"{number:064x}": f"secret-{number}-" + "x" * 60 for number in range(500)}
    stores.subject_keys.add(
        [
            SubjectKey(subject_key_id=key_id, wrapped_key=secret, created_at=stores.clock())
            for key_id, secret in secrets.items()
        ]
    )

    def found():
        content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        return [secret for secret in secrets.values() if secret.encode() in content]

    assert len(found()) == 500
    gone = list(secrets)[100:400]
    for key_id in gone:
        erasures.commit(an_erasure(stores, key_id))
    assert erasures.scrub() is True

    assert sorted(found()) == sorted(set(secrets.values()) - {secrets[key] for key in gone})


@pytest.mark.needs("tables", "planner_has_figures")
def test_the_files_of_a_server_are_for_its_administrator(stores, erasures):
    assert erasures.scrub() is False
