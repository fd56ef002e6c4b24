"""The drill: what qa approved goes to prod, prod loses its champion, and no request is lost."""

import json
import time
from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from benchmarks.faults.load import Load, under_load
from benchmarks.faults.service import Service, TrainingService, until
from benchmarks.faults.truth import Truth
from benchmarks.faults.world import USE_CASE
from crispml_core.adapters.signing import make_key
from crispml_core.cli.root import crispml
from crispml_core.client import CrispMLClient, RequestRefused, RunNotSucceeded

pytestmark = pytest.mark.slow

VISIBLE_S = 2.0


class Environment:
    """The services of one environment, as processes on stores and with a key of their own."""

    def __init__(self, stack, name, world, keys, **settings):
        self._stack, self.world = stack, world
        make_key(keys / f"{name}.pem", keys / "trusted" / name)
        self._settings = {
            "CRISPML_ENVIRONMENT": name,
            # Who approves is tried elsewhere: nobody is told from anybody here.
            "CRISPML_PROMOTION__APPROVAL": "off",
            "CRISPML_SIGNING__MODE": "required",
            "CRISPML_SIGNING__KEY_FILE": str(keys / f"{name}.pem"),
            "CRISPML_SIGNING__TRUSTED": str(keys / "trusted"),
            **settings,
        }
        training = stack.enter_context(TrainingService(world, self._settings))
        self.url = training.url
        self.training = stack.enter_context(CrispMLClient(training.url, training.url)).training

    def pod(self):
        """Start another scoring process."""
        return self._stack.enter_context(Service(self.world, self._settings))

    def approve(self, version, reason):
        before = [event.version for event in self.training.aliases(USE_CASE)]
        self.training.move_alias(
            USE_CASE,
            "champion",
            version,
            expected="*" if before else None,
            reason=reason,
            moved_by="ann",
        )

    def judge(self, version, healthy, reason):
        return self.training.judge_version(USE_CASE, version, healthy=healthy, reason=reason)


@pytest.fixture
def start(world, tmp_path):
    """Start environments: qa on the trained world, prod on empty stores."""
    with ExitStack() as stack:

        def make(name, **settings):
            stores = world if name == "qa" else world.another(tmp_path / name)
            environment = Environment(stack, name, stores, tmp_path / "keys", **settings)
            if name == "qa":  # which trained them before there were signatures
                for version in world.versions:
                    environment.training.sign(USE_CASE, version)
            return environment

        yield make


def carry(qa, prod, version, folder):
    """Approve a version in qa, and bring it to prod in a bundle."""
    qa.approve(version, f"approved: {version}")
    file = folder / f"{version}.tar"
    qa.training.export_bundle(USE_CASE, version, file)
    return prod.training.import_bundle(file, imported_by="bob")


def answered_by(load):
    """The version of the newest answer, and whether it is the fallback."""
    newest = load.heard.told[-1]
    return newest.version, newest.fallback


def drill(environment, pod):
    """Run the command of the drill against running services."""
    urls = ("--training-url", environment.url, "--scoring-url", pod.url)
    result = CliRunner().invoke(crispml, ["models", "drill", USE_CASE, "--yes", "--json", *urls])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_prod_serves_what_qa_approved_falls_back_and_comes_back(start, world, tmp_path):
    first, second = world.versions
    qa, prod = start("qa"), start("prod")
    with pytest.raises(RequestRefused, match="no such model version"):
        prod.approve(first, "it is not there")
    assert carry(qa, prod, first, tmp_path).fallback == first
    outcome = carry(qa, prod, second, tmp_path)
    assert [one.reason for one in outcome.approvals if one.alias == "champion"] == [
        f"approved: {second}"
    ]
    prod.approve(second, "release 12")
    moves = list(prod.training.alias_history(USE_CASE, "champion"))
    pod = prod.pod()
    with under_load(pod, "a", connections=8, pause_s=0.005) as load:
        assert answered_by(load) == (second, False)

        # Unfit by verdict: the running process answers with the fallback.
        judged = time.monotonic()
        assert not prod.judge(second, False, "the AUC is below its gate").fit
        until(lambda: answered_by(load) == (first, True))
        assert time.monotonic() - judged < VISIBLE_S
        assert "the AUC is below its gate" in pod.checks()["champion orders"]
        assert pod.metric("crispml_fallback_serving") == 1
        assert pod.metric("crispml_champion_unfit") == 1
        until(lambda: pod.events("version_unfit"))
        assert pod.events("version_unfit")[0]["kind"] == "fallback"
        assert pod.ask("GET", "/readyz")[0] == 200

        # One good verdict is not enough, two are.
        assert not prod.judge(second, True, "the AUC is back").fit
        assert prod.judge(second, True, "the AUC is still back").fit
        until(lambda: answered_by(load) == (second, False))
        assert pod.checks()["champion orders"] == "ok"
        assert pod.metric("crispml_champion_unfit") == 0

        # The command does the same, and says how long it took.
        said = drill(prod, pod)
        assert (said["champion"], said["fallback"]) == (second, first)
        assert max(said["fallback_s"], said["champion_s"]) < VISIBLE_S

        # A changed byte: what runs has its version in memory, a new process has not.
        file = prod.world.files(second) / "compiled.bin"
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        another = prod.pod()
        with Load(another, "b", connections=8, pause_s=0.005) as other:
            until(lambda: len(other.heard.told) > 50)
            assert answered_by(other) == (first, True)
            assert answered_by(load) == (second, False)
            assert "compiled.bin" in another.checks()["champion orders"]
            file.write_bytes(content)
            until(lambda: answered_by(other) == (second, False))
            heard_there = other.stop()
        heard = load.stop()

    # On a busy machine a commit may have gone to the journal, from where it follows.
    until(lambda: {one.checks()["journal"] for one in (pod, another)} == {"ok"})
    for one in (heard, heard_there):
        assert one.refused == []
        assert one.broken == 0
        assert {told.version for told in one.told} == {first, second}
    # No alias moved, and every answer is a row that says who gave it.
    assert list(prod.training.alias_history(USE_CASE, "champion")) == moves
    truth = Truth(prod.world)
    truth.look()
    truth.check([*heard.told, *heard_there.told])
    truth.close()
    (then,) = moves
    assert (then.version, then.moved_by, then.reason) == (second, "ann", "release 12")
    assert prod.training.alias(USE_CASE, "champion", at=then.moved_at) == then


def test_prod_that_trains_in_place_is_answered_for_by_what_qa_trained(start, world, tmp_path):
    first = world.versions[0]
    qa, prod = start("qa"), start("prod", CRISPML_PROMOTION__MODE="code")
    assert carry(qa, prod, first, tmp_path).fallback == first
    pod = prod.pod()
    with under_load(pod, "a", connections=8, pause_s=0.005) as load:
        assert answered_by(load) == (first, True)
        assert "has no champion yet" in pod.checks()["champion orders"]
        # A training that fails changes nothing: what qa trained goes on answering.
        data = world.definition.with_name("orders.csv")
        away = data.rename(data.with_suffix(".away"))
        try:
            with pytest.raises(RunNotSucceeded):
                prod.training.wait(prod.training.cycle(USE_CASE, promote=True))
        finally:
            away.rename(data)
        answered = len(load.heard.told)
        until(lambda: len(load.heard.told) > answered)
        assert answered_by(load) == (first, True)
        assert pod.metric("crispml_fallback_serving") == 1
        run = prod.training.wait(prod.training.cycle(USE_CASE, promote=True))
        champion = run.result["best"]
        assert run.result["promoted"]
        until(lambda: answered_by(load) == (champion, False))
        heard = load.stop()
    assert heard.refused == []
    assert {one.version for one in heard.told} == {first, champion}


def test_prod_that_stages_models_refuses_to_train_in_place(start):
    prod = start("prod")
    with pytest.raises(RequestRefused, match="CRISPML_PROMOTION__MODE") as caught:
        prod.training.cycle(USE_CASE, promote=True)
    assert caught.value.status == 422
