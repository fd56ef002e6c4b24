"""Data sets: immutable tables on the volume, named by what they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """How far a data set has come."""

    RAW = "raw"
    PREPARED = "prepared"
    CURATED = "curated"


SPLIT_COLUMN = "crispml_split"
SUBJECT_COLUMN = "crispml_subject"
"""Ids of the keys of data subjects, in data sets of use cases whose policies hold for them."""

TRAIN, SELECT, TEST = "train", "select", "test"
SPLITS = (TRAIN, SELECT, TEST)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its Arrow type as text, and the SHA-256 over all of its values."""

    name: str
    type: str
    digest: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a data set, an artefact or a model version, relative to its folder."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """The manifest of a data set version.

    Parameters
    ----------
    id : str
        Name of the version, see `dataset_id`.
    rows : int
        Number of rows.
    columns : tuple of Column
        The columns in order.
    content_digest : str
        SHA-256 over every row and every type, see `crispml_core.tables.digest`.
    parents : tuple of str
        Ids of the data sets and artefacts it was made from; empty for raw data.
    parameters : dict
        What else decided its content: seed, algorithm, selection.
    profile : dict
        Per column: missing, distinct, minimum, maximum, mean, most frequent values.
    """

    id: str
    use_case: str
    stage: Stage
    rows: int
    columns: tuple[Column, ...]
    content_digest: str
    created_at: datetime
    parents: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    owner: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    sensitivity: str = "internal"
    profile: dict[str, Any] = field(default_factory=dict)
    files: tuple[StoredFile, ...] = ()


def dataset_id(
    use_case: str,
    stage: Stage,
    content_digest: str,
    parents: tuple[str, ...],
    parameters: Mapping[str, Any],
) -> str:
    """Name a data set by what it holds and where it comes from.

    The same data ingested twice is the same version. A derived data set also counts its parents and
    parameters, so that its lineage is never ambiguous.
    """
    lineage = (
        {} if stage is Stage.RAW else {"parents": list(parents), "parameters": dict(parameters)}
    )
    facts = {"use_case": use_case, "stage": stage.value, "content": content_digest, **lineage}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
