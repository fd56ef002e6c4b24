"""No name leads out of a volume, or to a file that no store has written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crispml_core.adapters.volume.aliases import read_aliases
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.batch_store import VolumeBatchStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.domain.errors import CrispMLError, InvalidInput, NotFound
from crispml_core.rest.errors import status_of

PIECES = ("..", "/", "\\", ".", "\0", "~", "outside", "manifest.json", "models", "%2f", "\n", "é")
NAMES = st.lists(st.sampled_from(PIECES), max_size=7).map("".join) | st.text(max_size=40)

ASKED: dict[str, Callable[[Path, str], object]] = {
    "model": lambda root, name: VolumeModelRegistry(root).get(name, "v"),
    "version": lambda root, name: VolumeModelRegistry(root).get("m", name),
    "digest": lambda root, name: VolumeModelRegistry(root).raw_digest("m", name),
    "artefact": lambda root, name: VolumeArtefactStore(root).get(name),
    "file of an artefact": lambda root, name: VolumeArtefactStore(root).read("a", name),
    "data set": lambda root, name: VolumeDataSetStore(root).get(name),
    "batch": lambda root, name: VolumeBatchStore(root).open_source(name),
}


@pytest.mark.parametrize("kind", ASKED)
@given(name=NAMES)
@example(name="../outside")
@example(name="..")
@example(name="/etc/passwd")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_finds_nothing_outside_and_makes_nothing(
    tmp_path: Path, kind: str, name: str
) -> None:
    root, outside = tmp_path / "volume", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir(exist_ok=True)
    (outside / "manifest.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CrispMLError) as refused:
        ASKED[kind](root, name)
    assert status_of(refused.value) < 500
    assert sorted(tmp_path.rglob("*")) == before


@given(name=NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_aliases_are_read_below_their_model_only(tmp_path: Path, name: str) -> None:
    root, outside = tmp_path / "volume", tmp_path / "outside"
    (root / "models").mkdir(parents=True, exist_ok=True)
    outside.mkdir(exist_ok=True)
    (outside / "aliases.json").write_text("broken")
    with suppress(InvalidInput, NotFound):
        assert read_aliases(root, name) == {}
