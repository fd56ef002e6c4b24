from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crispml_core.adapters.volume.aliases import read_aliases, write_aliases
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.domain.errors import InvalidInput, RegistryDamaged
from crispml_core.domain.models import AliasEvent


def event(alias, version, sequence):
    return AliasEvent(
        model="credit",
        alias=alias,
        version=version,
        sequence=sequence,
        moved_at=datetime(2026, 3, 1, tzinfo=UTC),
        reason="better",
    )


def test_aliases_come_back_as_they_were_written(tmp_path):
    events = [event("champion", "v2", 3), event("challenger", "v3", 2)]
    write_aliases(tmp_path, "credit", events)

    assert read_aliases(tmp_path, "credit") == {entry.alias: entry for entry in events}


def test_a_model_without_aliases_has_none(tmp_path):
    assert read_aliases(tmp_path, "credit") == {}
    assert read_aliases(tmp_path, "../credit") == {}


def test_a_late_projection_does_not_undo_a_newer_one(tmp_path):
    write_aliases(tmp_path, "credit", [event("champion", "v2", 2)])
    write_aliases(tmp_path, "credit", [event("champion", "v1", 1)])

    assert read_aliases(tmp_path, "credit")["champion"].version == "v2"


def test_of_two_events_of_one_alias_the_later_counts(tmp_path):
    write_aliases(tmp_path, "credit", [event("champion", "v2", 2), event("champion", "v1", 1)])

    assert read_aliases(tmp_path, "credit")["champion"].version == "v2"


def test_a_damaged_file_is_named_and_the_next_move_repairs_it(tmp_path):
    write_aliases(tmp_path, "credit", [event("champion", "v1", 1)])
    (tmp_path / "models/credit/aliases.json").write_text("{")

    with pytest.raises(RegistryDamaged, match=r"models/credit/aliases\.json .* next move"):
        read_aliases(tmp_path, "credit")
    write_aliases(tmp_path, "credit", [event("champion", "v2", 2)])
    assert read_aliases(tmp_path, "credit")["champion"].version == "v2"


def test_aliases_alone_make_no_model(tmp_path):
    write_aliases(tmp_path, "credit", [event("champion", "v1", 1)])
    registry = VolumeModelRegistry(tmp_path)

    assert registry.models() == []
    assert registry.versions("credit") == []


def test_a_model_name_cannot_leave_the_registry(tmp_path):
    with pytest.raises(InvalidInput, match="must match"):
        write_aliases(tmp_path, "../credit", [])


def test_a_removal_is_projected_and_a_late_projection_does_not_undo_it(tmp_path):
    before = [event("champion", "v1", 1), event("challenger", "v2", 2)]
    removed = event("challenger", "", 3)
    write_aliases(tmp_path, "credit", before)
    write_aliases(tmp_path, "credit", [before[0], removed])
    write_aliases(tmp_path, "credit", before)

    assert read_aliases(tmp_path, "credit")["challenger"].is_removal
