"""The steps that ask the services, in the training image, against services that run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crispml_core.cli.services import CONSOLE, PLANS, Services, local_settings, make_stores
from crispml_core.client import CrispMLClient
from crispml_core.domain.models import CHAMPION
from tests.tekton.containers import TaskRun, has_image
from tests.tekton.files import ROOT, TEKTON

pytestmark = [pytest.mark.container, pytest.mark.slow]
USE_CASE = f"{ROOT / 'examples' / 'german_credit' / 'use_case.py'}:german_credit"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("services")
    settings = local_settings(folder / "stores", [USE_CASE]) | {"CRISPML_AUTH__MODE": "required"}
    make_stores(settings)
    with Services(folder / "run", settings, (*PLANS, CONSOLE)) as running:
        yield running


@pytest.fixture(scope="module")
def key(services: Services) -> str:
    """A key with the roles that the page names, and no other."""
    page = (TEKTON / "README.md").read_text()
    (roles,) = re.findall(r"with the roles ([\w, ]+);", page)
    with services.client() as client:
        return client.training.new_api_key("pipeline", re.findall(r"[a-z]{4,}", roles)).key


def ask(services: Services, key: str, task: str, folder: Path, **params: str) -> TaskRun:
    reached = {f"CRISPML_{name.upper()}_URL": url for name, url in services.urls.items()}
    given = {"environment": "dev", "use-case": "german_credit", "image": "crispml-training"}
    return TaskRun(
        task,
        folder / task,
        given | {name.replace("_", "-"): value for name, value in params.items()},
        env={**reached, "CRISPML_API_KEY": key, "NO_PROXY": "*"},
    )


def image() -> str:
    return has_image("crispml-training")


def answers(client: CrispMLClient) -> str:
    """Return the version that answers; nothing if there is none."""
    for model in client.training.models():
        for move in client.training.aliases(model.name):
            if move.alias == CHAMPION:
                return move.version
    return ""


def test_the_services_answer_and_know_the_use_case(
    services: Services, key: str, tmp_path: Path
) -> None:
    done = ask(services, key, "smoke-test", tmp_path).step("ask", image=image())
    assert done.returncode == 0, done.stderr
    assert "the services answer" in done.stdout
    assert f"{services.urls['console']} readyz 200" in done.stdout


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"use_case": "no_such_case"}, "has only the use cases"),
        ({"environment": "prod"}, "this is dev, not prod"),
    ],
)
def test_another_environment_or_use_case_is_noticed(
    services: Services, key: str, tmp_path: Path, params: dict[str, str], why: str
) -> None:
    done = ask(services, key, "smoke-test", tmp_path, **params).step("ask", image=image())
    assert done.returncode != 0
    assert why in done.stderr


def test_a_key_that_is_unknown_is_noticed(services: Services, key: str, tmp_path: Path) -> None:
    run = ask(services, key, "smoke-test", tmp_path)
    run.env = {**run.env, "CRISPML_API_KEY": "crispml_unknown"}
    assert run.step("ask", image=image()).returncode != 0


def test_where_no_version_answers_yet_none_scores(
    services: Services, key: str, tmp_path: Path
) -> None:
    # It comes before the tests that promote one: a champion cannot be removed.
    with services.client() as client:
        assert not answers(client)
    done = ask(services, key, "verify-cycle", tmp_path, promote="false").step(
        "cycle", image=image()
    )
    assert done.returncode == 0, done.stderr
    assert "no version answers here yet" in done.stdout


def test_the_cycle_runs_in_place_and_its_scores_verify(
    services: Services, key: str, tmp_path: Path
) -> None:
    run = ask(services, key, "verify-cycle", tmp_path, promote="true")
    done = run.step("cycle", image=image())
    assert done.returncode == 0, done.stderr
    assert '"coverage": 1.0' in done.stdout
    # Rolled out once more, it works as well.
    assert run.step("cycle", image=image()).returncode == 0


def test_where_a_person_promotes_a_version_is_made_again(
    services: Services, key: str, tmp_path: Path
) -> None:
    with services.client() as client:
        if not answers(client):
            run = client.training.cycle("german_credit", seed=0, promote=True)
            client.training.wait(run)
        champion = answers(client)
    done = ask(services, key, "verify-cycle", tmp_path, promote="false").step(
        "cycle", image=image()
    )
    assert done.returncode == 0, done.stderr
    assert "made again: identical" in done.stdout
    assert f"20 rows scored by {champion} and stored" in done.stdout
