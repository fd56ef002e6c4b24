"""Everything that is held about a person, and nothing of others."""

import json

import pyarrow as pa
import pytest

from crispml_core.domain.errors import NotReady
from crispml_core.pipelines.subjects.held import held_about
from crispml_core.serving.privacy import Privacy


def held(world, subject):
    return json.loads(b"".join(held_about(world.stores, subject)))


def test_scores_come_with_their_inputs_decrypted(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0), ("c-2", "bert", "Weg 9", 20.0))
    world.score("claims", ("c-3", "anna", None, 30.0))

    found = held(world, "anna")

    assert [one["score"]["record_key"] for one in found["scores"]] == ["c-1", "c-3"]
    inputs = [one["input"] for one in found["scores"]]
    assert [(one["street"], one["amount"]) for one in inputs] == [("Gasse 7", 10.0), (None, 30.0)]
    assert (found["kind"], found["is_erased"], found["erasures"]) == ("subject", False, [])
    assert "Weg 9" not in json.dumps(found)


def test_a_use_case_without_keys_is_searched_by_record(world):
    world.score("people", ("anna", 1.0), ("bert", 2.0))

    (one,) = held(world, "anna")["scores"]

    assert (one["score"]["use_case"], one["input"]) == ("people", {"person": "anna", "amount": 1.0})


def test_labels_are_those_about_scores_and_records_each_once(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0), ("c-2", "bert", "Weg 9", 20.0))
    mine = {world.label("claims", "c-1"), world.label("people", "anna")}
    world.label("claims", "c-2")

    found = held(world, "anna")["labels"]

    assert {label["label_id"] for label in found} == mine
    assert len(found) == 2


def test_rows_of_data_sets_are_found_by_whose_they_are(world):
    key_id = world.vault.identify("anna")
    clear = world.dataset("people", world.people("bert", "anna", "anna"))
    table = pa.table({"claim": ["c-1", "c-2"], "crispml_subject": [key_id, "f" * 64]})
    masked = world.dataset("claims", table)

    found = held(world, "anna")["data_sets"]

    assert [(one["dataset_id"], one["row"]) for one in found if one["use_case"] == "people"] == [
        (clear, {"person": "anna", "amount": 1.0})
    ] * 2
    assert [(one["dataset_id"], one["row"]) for one in found if one["use_case"] == "claims"] == [
        (masked, {"claim": "c-1"})
    ]


def test_afterwards_what_was_encrypted_is_erased(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0), ("c-2", "bert", "Weg 9", 20.0))
    world.erase("anna")

    found = held(world, "anna")

    assert found["scores"][0]["input"]["street"] == {"privacy": "erased"}
    assert found["is_erased"] is True
    assert [erasure["reason"] for erasure in found["erasures"]] == ["case 4711"]
    assert "Gasse 7" not in json.dumps(found)
    assert held(world, "bert")["scores"][0]["input"]["street"] == "Weg 9"


def test_somebody_unknown_has_nothing(world):
    world.score("claims", ("c-1", "anna", "Gasse 7", 10.0))

    found = held(world, "zoe")

    assert [found[name] for name in ("scores", "labels", "data_sets", "erasures")] == [[]] * 4


def test_nobody_is_found_without_the_master_key(world):
    object.__setattr__(world.stores, "privacy", Privacy())

    with pytest.raises(NotReady, match="CRISPML_PRIVACY__MASTER_KEY_FILE"):
        next(held_about(world.stores, "anna"))
