"""Bundles: one file that carries a model version and its evidence to another environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import Conflict
from crispml_core.domain.models import AliasEvent

FORMAT, FORMAT_VERSION = "crispml-bundle", 1
# Where a bundle can come from, and in this order.
ENVIRONMENTS = ("dev", "qa", "prod")
# The members in their order: the index first, who signed it (a bundle can be without), then the
# evidence, the version, and the seal.
INDEX, APPROVALS, GATES, LINEAGE, SEAL = (
    "bundle.json",
    "approvals.json",
    "gates.json",
    "lineage.json",
    "bundle.sha256",
)
SIGNATURE = "signature.json"
VERSION_PREFIX = "version/"
MANIFEST_MEMBER = f"{VERSION_PREFIX}manifest.json"


class PromotionRefused(Conflict):
    """Raised when the rules of the environment forbid a version to answer under an alias."""

    code = "promotion_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A move of an alias that binds a version, as another environment keeps it.

    Parameters
    ----------
    digest : str
        Digest of the version, see `crispml_core.domain.models.PublishedVersion`.
    sequence : int
        Number of the move among those of the model in `environment`.
    bundle : str
        Digest of the bundle that brought it here; empty while it has not travelled.
    """

    model: str
    version: str
    digest: str
    environment: str
    alias: str
    sequence: int
    moved_at: datetime
    moved_by: str = ""
    reason: str = ""
    bundle: str = ""

    @classmethod
    def of(cls, event: AliasEvent) -> Approval:
        """Return a move of this environment as evidence for another one."""
        return cls(
            model=event.model,
            version=event.version,
            digest=event.digest,
            environment=event.environment,
            alias=event.alias,
            sequence=event.sequence,
            moved_at=event.moved_at,
            moved_by=event.moved_by,
            reason=event.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleIndex:
    """What a bundle says about itself; SHA-256 of its bytes is the digest of the bundle.

    Parameters
    ----------
    environment : str
        Where it was exported.
    digest : str
        Digest of the version.
    members : tuple of StoredFile
        Every member but the index, its signature and the seal, in their order in the file.
    """

    format: str
    format_version: int
    environment: str
    model: str
    version: str
    digest: str
    use_case: str
    use_case_version: str
    use_case_digest: str
    members: tuple[StoredFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleImport:
    """A bundle that was verified and taken in.

    Parameters
    ----------
    bundle : str
        Digest of the bundle.
    digest : str
        Digest of the version that it holds.
    environment : str
        Where it was exported.
    evidence : dict
        ``lineage`` (manifests of the data sets without data, facts of the run) and ``gates`` as the
        bundle says them; ``was_here``: whether the version was here before the bundle came;
        ``key_id``: which key signed it, None where signing is off.
    """

    bundle: str
    model: str
    version: str
    digest: str
    environment: str
    imported_at: datetime
    imported_by: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What became of a bundle.

    Parameters
    ----------
    published : bool
        Whether the version is new here; false when the same bytes were here already.
    gates : tuple of dict
        The gates of the use case that is installed here, held against the KPIs on ``test``.
    libraries : dict
        Versions of libraries that differ: ``bundle`` and ``here``.
    fallback : str or None
        Where the alias ``fallback`` points now.
    notes : tuple of str
        What the importer should know.
    """

    bundle: str
    model: str
    version: str
    digest: str
    environment: str
    published: bool
    approvals: tuple[Approval, ...]
    gates: tuple[dict[str, Any], ...]
    libraries: dict[str, dict[str, str]]
    fallback: str | None
    notes: tuple[str, ...] = ()
