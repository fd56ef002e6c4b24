"""What may answer customers in prod."""

import json
from dataclasses import replace

import pytest

from crispml_core import Gate
from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.errors import InvalidInput
from crispml_core.governance.promotion import PromotionMode
from crispml_core.pipelines.model_steps import persist
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.workplace import Workplace
from crispml_core.testing.fakes.health_log import FakeHealthLog
from tests.unit.pipelines.bundles.test_bad_bundles import resealed

pytestmark = pytest.mark.slow


def test_prod_serves_what_qa_approved(approved, prod):
    prod.take_in(approved.content)
    prod.move("champion", approved.version)
    assert prod.current("champion") == approved.version


def test_prod_refuses_a_digest_that_qa_never_approved(qa, prod):
    version = qa.train()["best"]
    qa.move("challenger", version)
    qa.move("fallback", version)
    outcome = prod.take_in(qa.export(version))
    assert outcome.fallback is None
    assert "qa never approved these bytes" in outcome.notes[0]
    for alias, more in (("champion", {}), ("fallback", {}), ("challenger", {"traffic": 0.1})):
        with pytest.raises(PromotionRefused, match="qa never approved these bytes"):
            prod.move(alias, version, **more)
    assert prod.stores.aliases.aliases("toy") == {}
    prod.move("challenger", version)  # in the shadow it answers nobody


def test_an_approval_of_dev_is_none(environment, prod):
    dev = environment("dev")
    version = dev.train()["best"]
    dev.move("champion", version)
    prod.take_in(dev.export(version))
    with pytest.raises(PromotionRefused, match="qa never approved"):
        prod.move("champion", version)


def test_prod_refuses_a_version_that_misses_a_gate_of_prod(approved, environment, toy):
    strict = environment("prod", use_case=replace(toy, gates=(Gate("auc", minimum=0.999),)))
    outcome = strict.take_in(approved.content)
    assert [gate["passed"] for gate in outcome.gates] == [False]
    assert outcome.fallback is None
    with pytest.raises(PromotionRefused, match=r"auc >= 0\.999"):
        strict.move("champion", approved.version)


def test_prod_refuses_a_version_that_is_judged_unfit(approved, prod):
    prod.take_in(approved.content)
    health: FakeHealthLog = prod.stores.health
    policy = prod.use_case.monitoring.health
    for healthy, refuses in ((False, True), (True, True), (True, False)):
        health.judge("toy", approved.version, healthy=healthy, reason="complaints", policy=policy)
        if refuses:
            with pytest.raises(PromotionRefused, match="complaints"):
                prod.move("champion", approved.version)
    prod.move("champion", approved.version)


def test_prod_that_stages_models_does_not_take_its_own(prod, toy):
    with pytest.raises(InvalidInput, match="CRISPML_PROMOTION__MODE"):
        prod.train(promote=True)
    version = prod.train()["best"]
    with pytest.raises(PromotionRefused, match="qa never approved"):
        prod.move("champion", version)


def test_prod_that_stages_code_trains_for_itself_and_keeps_what_qa_trained_as_fallback(
    approved, environment, toy
):
    prod = environment("prod", mode=PromotionMode.CODE)
    outcome = prod.take_in(approved.content)
    assert outcome.fallback == approved.version
    result = prod.train(promote=True)
    assert (result["promoted"], result["refusal"]) == (True, None)
    assert prod.current("champion") == result["best"] != approved.version
    assert prod.current("fallback") == approved.version


def test_a_cycle_in_prod_that_misses_its_gates_leaves_champion_and_fallback(
    approved, environment, toy
):
    prod = environment("prod", mode=PromotionMode.CODE)
    prod.take_in(approved.content)
    champion = prod.train(promote=True)["best"]
    prod.use_case = replace(toy, gates=(Gate("auc", minimum=0.999),))
    result = prod.train(promote=True, seed=7)
    assert not result["promoted"]
    assert (prod.current("champion"), prod.current("fallback")) == (champion, approved.version)


def test_a_version_that_borrows_the_model_file_of_prod_was_not_trained_there(environment):
    """Its compiled form, its threshold and its golden records could be anything."""
    prod = environment("prod", mode=PromotionMode.CODE)
    own = prod.train()["best"]
    parts = prod.members(prod.export(own))
    other = f"{own[:-8]}deadbeef"
    for name in ("version/manifest.json", "bundle.json"):
        parts[name] = json.dumps({**json.loads(parts[name]), "version": other}).encode()
    outcome = prod.take_in(resealed(parts | {"approvals.json": b"[]"}))
    assert (outcome.published, outcome.version) == (True, other)
    with pytest.raises(PromotionRefused, match="qa never approved"):
        prod.move("champion", other)


def test_to_import_a_version_of_ones_own_takes_nothing_from_it(environment):
    prod = environment("prod", mode=PromotionMode.CODE)
    own = prod.train()["best"]
    assert prod.take_in(prod.export(own)).published is False
    prod.move("champion", own)
    assert prod.current("champion") == own


def test_a_version_that_somebody_laid_into_the_registry_is_not_one_of_prod(approved, environment):
    prod = environment("prod", mode=PromotionMode.CODE)
    folder = prod.folder / "models" / "toy" / approved.version
    folder.mkdir(parents=True)
    for name, data in approved.members.items():
        if name.startswith("version/"):
            (folder / name.removeprefix("version/")).write_bytes(data)
    with pytest.raises(PromotionRefused, match="qa never approved"):
        prod.move("champion", approved.version)


def test_the_first_import_becomes_the_fallback_of_prod_and_no_later_one(qa, prod):
    first = qa.train()["best"]
    qa.move("champion", first)
    assert prod.take_in(qa.export(first)).fallback == first
    move = prod.stores.aliases.current("toy", "fallback")
    assert (move.moved_by, move.environment) == ("import", "prod")
    assert "was imported" in move.reason
    second = qa.train(seed=5)["best"]
    qa.move("champion", second)
    assert prod.take_in(qa.export(second)).fallback == first


def test_outside_prod_an_import_moves_nothing(approved, environment):
    other = environment("qa")
    assert other.take_in(approved.content).fallback is None
    assert other.stores.aliases.aliases("toy") == {}


def test_a_version_says_who_trained_it_and_so_does_its_bundle(qa, prod):
    version = qa.train(by="user:ann")["best"]
    qa.move("champion", version)
    prod.take_in(qa.export(version))
    assert prod.stores.models.get("toy", version).trained_by == ("user:ann",)
    assert qa.stores.models.get("toy", qa.train(seed=3)["best"]).trained_by == ()


def test_whoever_publishes_what_somebody_else_fitted_has_trained_it_too(qa):
    result = qa.train(by="user:ann")
    fitted = qa.stores.models.get("toy", result["best"]).lineage
    for by, trained in (("user:bob", ("user:ann", "user:bob")), ("", ())):
        recorder = Recorder("toy", qa.stores.timings)
        work = Workplace(qa.use_case, qa.stores, recorder, "run-2", by)
        assert persist(work, fitted.model, fitted.report).trained_by == trained
