"""What a process scores partitions of a batch with: that of a run, and a worker of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from crispml_core.adapters.no_journal import NoJournals
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.adapters.sql.schema.revision import check_revision
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.volume.batch_store import VolumeBatchStore
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.bootstrap.database import open_database
from crispml_core.bootstrap.parts import codec_of
from crispml_core.bootstrap.privacy import open_privacy
from crispml_core.bootstrap.signing import make_verifier
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.batches.worker import BatchWorker, WorkerStores
from crispml_core.ports.run_store import RunStore
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.serving.live_models import LiveModels
from crispml_core.serving.loaded_versions import LoadedVersions
from crispml_core.serving.version_loader import VersionLoader
from crispml_core.settings import CrispMLSettings


@dataclass(frozen=True, kw_only=True)
class BatchParts:
    """The parts of one process; its ledger writer has a hash chain of its own.

    Parameters
    ----------
    close : callable
        Lets go of everything, after the last partition.
    """

    worker: BatchWorker
    runs: RunStore
    engine: Engine
    close: Callable[[], None]


def open_batch_parts(
    settings: CrispMLSettings, use_cases: Mapping[str, UseCase], service: str
) -> BatchParts:
    """Build the parts; `service` is whose connections a database shows.

    Raises
    ------
    NotReady, StoreUnavailable
        If the database is not there, or not of this release.
    InvalidInput
        If a setting is wrong, or a policy needs a key that is not there.
    """
    engine = open_database(settings, service)
    check_revision(engine)
    ledger = SqlScoreLedger(engine)
    registry = VolumeModelRegistry(settings.registry.path, verifier=make_verifier(settings))
    privacy = open_privacy(settings, use_cases, engine, withholds=False)
    versions = LoadedVersions(
        VersionLoader(registry, codec_of).load, settings.scoring.models_bytes, privacy
    )
    durable = DurableLedger(ledger, NoJournals())
    stores = WorkerStores(
        batches=VolumeBatchStore(settings.batch.path),
        ledger=ledger,
        writer=LedgerWriter(ledger, durable),
        version=LiveModels(use_cases, versions, dict, lambda model: {}).version,
    )

    def close() -> None:
        durable.close()
        privacy.close()
        engine.dispose()

    return BatchParts(
        worker=BatchWorker(use_cases, stores), runs=SqlRunStore(engine), engine=engine, close=close
    )
