"""Artefacts, model versions and aliases."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from crispml_core.domain.compiled import CompiledForm
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.targets import Task

# The alias that answers unless a request names another one.
CHAMPION = "champion"
# The alias that answers when the champion cannot.
FALLBACK = "fallback"
# The alias that a better model hopes to leave for CHAMPION.
CHALLENGER = "challenger"
# What the ledger has as the alias of scores that nobody was answered; no alias has this name.
SHADOW = "shadow"
# The aliases that decide who answers; all others only name a version.
ROLES = (CHAMPION, CHALLENGER, FALLBACK)
# Instead of the version that an alias is expected to point at: move it in any case.
ANY_VERSION = "*"


class ArtefactKind(StrEnum):
    """What a run made and nobody published yet."""

    CURATION = "curation"
    MODEL = "model"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """The manifest of an artefact.

    Parameters
    ----------
    parents : tuple of str
        Ids of the data sets and artefacts it was made from.
    facts : dict
        What a later method needs to know without opening a file.
    files : tuple of StoredFile
        What lies beside the manifest.
    """

    id: str
    kind: ArtefactKind
    use_case: str
    created_at: datetime
    run_id: str = ""
    parents: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The ids behind a model version."""

    raw: str
    prepared: str
    curated: str
    curation: str
    model: str
    report: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """The manifest of a model version: everything needed to serve it, explain it and make it again.

    Parameters
    ----------
    model : str
        Name of the registered model.
    version : str
        Sortable UTC stamp and short digest.
    classes : tuple of str
        Classes by code; empty for regression.
    threshold : float or None
        For a binary target: the probability from which on the positive class is decided.
    kpis : dict
        KPIs by split: ``select`` and ``test``.
    trusted_types : tuple of str
        The types that the model file may contain; nothing else is loaded.
    golden_rows : int
        How many golden records lie beside the manifest.
    conformal : dict or None
        The table behind intervals and label sets, see
        `crispml_core.domain.conformal.ConformalTable`; None when it could not be fitted.
    masked : bool
        Whether it learned from data sets under the privacy policies in `schema`, and sees of each
        record only what these leave of it.
    compiled : CompiledForm
        Whether a compiled form serves, how close it is to scikit-learn, and why not if not.
    trained_by : tuple of str
        Who asked for the runs that fitted and published it, a rule as ``rule:NAME``; empty when
        that is not known of all.
    """

    model: str
    version: str
    created_at: datetime
    use_case: str
    use_case_version: str
    use_case_digest: str
    task: Task
    algorithm: str
    hyperparameters: dict[str, Any]
    seed: int
    classes: tuple[str, ...]
    threshold: float | None
    kpis: dict[str, dict[str, Any]]
    lineage: Lineage
    libraries: dict[str, str]
    trusted_types: tuple[str, ...]
    golden_rows: int
    schema: dict[str, Any]
    conformal: dict[str, Any] | None = None
    masked: bool = False
    compiled: CompiledForm = field(default_factory=CompiledForm)
    trained_by: tuple[str, ...] = ()
    files: tuple[StoredFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion(ModelVersion):
    """A version as a registry has it: the manifest, and what binds it to its bytes.

    Parameters
    ----------
    digest : str
        SHA-256 of the file ``manifest.json``, in hexadecimal digits. The manifest has the SHA-256
        of every other file, so this one number stands for all bytes of the version, and
        ``sha256sum manifest.json`` gives it too.
    """

    digest: str = ""

    @classmethod
    def of(cls, manifest: ModelVersion, digest: str) -> PublishedVersion:
        """Return a manifest together with its digest."""
        known = {entry.name: getattr(manifest, entry.name) for entry in fields(ModelVersion)}
        return cls(**known, digest=digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasEvent:
    """One move of an alias; the newest of a model and alias is where it points.

    Parameters
    ----------
    version : str
        Where it points from then on; empty when it was removed.
    environment : str
        Where it was moved: ``dev``, ``qa`` or ``prod``.
    digest : str
        Digest of the version that it was moved to, see `PublishedVersion`: the move is bound to
        these bytes, and not only to a name. Empty in moves from before there was one.
    traffic : float
        For `CHALLENGER`: the share of the records that it answers; 0 when it only scores in the
        shadow.
    """

    model: str
    alias: str
    version: str
    sequence: int
    moved_at: datetime
    moved_by: str = ""
    reason: str = ""
    environment: str = ""
    digest: str = ""
    traffic: float = 0.0

    @property
    def is_removal(self) -> bool:
        """Whether the alias points nowhere from then on."""
        return not self.version
