"""Versions on a volume that somebody else can write, and keys that come and go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crispml_core.adapters.signing import make_key
from crispml_core.bootstrap.scoring import ScoringParts
from crispml_core.bootstrap.scoring import build as build_scoring
from crispml_core.bootstrap.training import build as build_training
from crispml_core.domain.errors import NotReady, UntrustedSignature
from crispml_core.pipelines.cycle import run_cycle
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.requests import check_request
from crispml_core.pipelines.workplace import Workplace
from crispml_core.settings import CrispMLSettings, SigningSettings

NAME = "patience"


class World:
    """One environment on a volume: it trains, and scoring is started on it again and again."""

    def __init__(self, settings: CrispMLSettings, folder: Path) -> None:
        self.trusted = folder / "trusted"
        self.settings = self._with_key(settings, folder / "first.pem")
        self.registry = settings.registry.path / "models" / NAME

    def _with_key(self, settings: CrispMLSettings, file: Path) -> CrispMLSettings:
        signing = SigningSettings(mode="required", key_file=file, trusted=self.trusted)
        return settings.model_copy(update={"signing": signing})

    def rotate(self, file: Path) -> str:
        """Sign with a new key from now on, and return the id of it."""
        self.settings = self._with_key(self.settings, file)
        return make_key(file, self.trusted / "dev")

    def train(self, *aliases: str, seed: int = 0) -> str:
        """Train a version, and point aliases at it."""
        parts = build_training(self.settings)
        try:
            use_case, stores = parts.use_cases[NAME], parts.training.stores
            work = Workplace(use_case, stores, Recorder(NAME, stores.timings), f"run-{seed}")
            asked = check_request(use_case, "cycle", {"seed": seed}, stores)
            version: str = run_cycle(work, asked)["best"]
            for alias in aliases:
                parts.training.move_alias(NAME, alias, version, expected="*", reason="good")
            return version
        finally:
            parts.close()

    @contextmanager
    def scoring(self) -> Iterator[ScoringParts]:
        """Start a scoring service, as far as it has looked once."""
        parts = build_scoring(self.settings)
        try:
            parts.engine.models.refresh()
            yield parts
        finally:
            parts.close()


@pytest.fixture
def world(settings: CrispMLSettings, tmp_path: Path) -> World:
    return World(settings, tmp_path / "keys")


def serving(parts: Any) -> tuple[str, bool]:
    served = parts.engine.models.resolve(NAME, "champion").served
    return served.version, served.fallback


def test_a_version_that_was_altered_or_is_not_signed_does_not_serve(world: World) -> None:
    fallback, champion = world.train("fallback"), world.train("champion", seed=1)
    with world.scoring() as parts:
        assert serving(parts) == (champion, False)
        assert parts.models.signature(NAME, champion) is not None
    file = world.registry / champion / "manifest.json"
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'"seed": 1', b'"seed": 2'))
    with world.scoring() as parts:
        assert serving(parts) == (fallback, True)
        assert "not those that were signed" in parts.engine.models.status()[NAME]
        assert parts.engine.models.untrusted() == {NAME}
        with pytest.raises(UntrustedSignature):
            parts.models.get(NAME, champion)
    file.write_bytes(whole)
    (world.registry / champion / "signature.json").unlink()
    with world.scoring() as parts:
        assert serving(parts) == (fallback, True)
        assert "crispml models sign" in parts.engine.models.status()[NAME]


def test_keys_rotate_and_a_revoked_one_takes_its_versions_with_it(
    world: World, tmp_path: Path
) -> None:
    old = world.train("champion")
    (old_key,) = (world.trusted / "dev").iterdir()
    world.rotate(tmp_path / "second.pem")
    new = world.train("fallback", seed=1)

    with world.scoring() as parts:
        assert serving(parts) == (old, False)  # what the old key signed goes on to count
        shutil.move(old_key, tmp_path / "revoked")
        parts.engine.models.refresh()
        assert serving(parts) == (new, True)
        assert parts.engine.models.untrusted() == {NAME}

        shutil.move(tmp_path / "revoked", old_key)
        parts.engine.models.refresh()
        assert serving(parts) == (old, False)


def test_scoring_that_trusts_nobody_answers_nobody(world: World) -> None:
    world.train("champion")
    shutil.rmtree(world.trusted)
    with world.scoring() as parts, pytest.raises(NotReady, match="is not trusted here"):
        serving(parts)


def test_scoring_needs_no_private_key(world: World, tmp_path: Path) -> None:
    version = world.train("champion")
    world.settings.signing.key_file.unlink()
    with world.scoring() as parts:
        assert serving(parts) == (version, False)
        assert not hasattr(parts, "signer")
