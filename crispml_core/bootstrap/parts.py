"""What a service is made of, as far as both services have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from crispml_core.adapters.no_tracer import NoTracer
from crispml_core.adapters.simulated_clock import SimulatedClock
from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.pools import PoolState, state_of
from crispml_core.adapters.sql.databases.retries import counts as retry_counts
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.volume.errors import volume_problem
from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.key_store import KeyStore
from crispml_core.ports.model_codec import ModelCodec
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.signer import Verifier
from crispml_core.ports.timing_log import TimingHub
from crispml_core.ports.tracer import Tracer
from crispml_core.settings import CrispMLSettings

if TYPE_CHECKING:
    from crispml_core.pipelines.lineage.reader import LineageReader


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts that the routes of both services use.

    Parameters
    ----------
    keys : KeyStore
        API keys; asked by what has little patience.
    audit : AuditRecorder
        Writes into the audit log what this process does.
    lineage : callable
        Gives what reads the lineage graph; it is built when it is first needed.
    verifier : Verifier or None
        Knows whose signatures count in this environment; None where signing is off.
    tracer : Tracer
        Makes the traces of the process.
    ping : callable
        Returns, per store, None when it answers, else what is wrong.
    pools, retries : callable
        Return the state of the connections to the database, and how often something was asked of
        it again, by reason, since the process began.
    close : callable
        Lets go of everything, after the last request.
    """

    settings: CrispMLSettings
    use_cases: Mapping[str, UseCase]
    models: ModelRegistry
    aliases: AliasLog
    timings: TimingHub
    keys: KeyStore
    verifier: Verifier | None = None
    audit: AuditRecorder
    lineage: Callable[[], LineageReader]
    ping: Callable[[], Mapping[str, str | None]]
    pools: Callable[[], Sequence[PoolState]] = tuple
    retries: Callable[[], Mapping[str, int]] = retry_counts
    close: Callable[[], None]
    tracer: Tracer = field(default_factory=NoTracer)

    @property
    def unfinished(self) -> str | None:
        """What a process that has ended leaves to another one; None if there is nothing."""
        return None


def follow_clock(settings: CrispMLSettings) -> Callable[[], None]:
    """Let the clock of this process be the simulated one, if one is set; return what ends that."""
    if settings.clock.file is None:
        return lambda: None
    return SimulatedClock(settings.clock.file).close


def codec_of(use_case: UseCase) -> ModelCodec:
    """Return the codec for models of a use case: its own module may lie in them."""
    from crispml_core.adapters.skops import SkopsModelCodec  # only when a model has to be restored

    return SkopsModelCodec((use_case.module,) if use_case.module else ())


def ping_stores(engine: Engine, root: Path, *, writable: bool) -> dict[str, str | None]:
    """Return, per store, None when it answers, else what is wrong."""
    database: str | None = None
    try:
        _ask(engine)
    except CrispMLError as error:
        database = error.message
    return {"database": database, "registry": volume_problem(root, writable=writable)}


def pools_of(*engines: Engine) -> Callable[[], Sequence[PoolState]]:
    """Return what gives the state of the pools of some engines."""
    return lambda: [state_of(engine) for engine in engines]


@retried
def _ask(engine: Engine) -> None:
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT COUNT(*) FROM alias_events")
