"""The parts of the scoring service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

from crispml_core.adapters.libraries import library_versions
from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.adapters.sql.databases.tracing import trace_statements
from crispml_core.adapters.sql.event_log import SqlEventLog
from crispml_core.adapters.sql.health_log import SqlHealthLog
from crispml_core.adapters.sql.key_store import SqlKeyStore
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.volume.aliases import read_aliases
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.bootstrap.at_rest import check_at_rest
from crispml_core.bootstrap.audit import build_recorder
from crispml_core.bootstrap.database import (
    await_database,
    open_database,
    open_for_commits,
    open_for_looks,
    open_for_upkeep,
)
from crispml_core.bootstrap.drift import drift_pipelines, drift_store
from crispml_core.bootstrap.journals import open_journals
from crispml_core.bootstrap.lineage import lineage_builder
from crispml_core.bootstrap.parts import Parts, codec_of, follow_clock, ping_stores, pools_of
from crispml_core.bootstrap.privacy import open_privacy
from crispml_core.bootstrap.signing import make_verifier
from crispml_core.bootstrap.timings import open_timings
from crispml_core.bootstrap.tracing import make_tracer
from crispml_core.domain.errors import CrispMLError, StoreUnavailable
from crispml_core.domain.models import AliasEvent
from crispml_core.domain.scores import ScoreGroup
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.promotion import PromotionRules
from crispml_core.pipelines.challenges import Challenges
from crispml_core.pipelines.drift import DriftPipelines
from crispml_core.pipelines.replays import Replays
from crispml_core.pipelines.scoring import ScoringPipelines, ScoringStores
from crispml_core.ports.event_log import EventLog
from crispml_core.ports.journal import Journals
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.scorer import Answers
from crispml_core.ports.tracer import Tracer
from crispml_core.serving.admission import Admission
from crispml_core.serving.direct_commits import DirectCommits
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.serving.engine import ScoringEngine
from crispml_core.serving.health_watch import HealthWatch
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.serving.live_models import LiveModels
from crispml_core.serving.loaded_versions import LoadedVersions
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.replaying import check_replayable, replay_group
from crispml_core.serving.shadow import ShadowScores
from crispml_core.serving.trust_watch import TrustWatch
from crispml_core.serving.upkeep import Upkeep
from crispml_core.serving.upkeep_thread import UpkeepThread
from crispml_core.serving.version_loader import VersionLoader
from crispml_core.settings import CrispMLSettings
from crispml_core.use_cases.loader import load_use_cases

_log = structlog.get_logger("crispml.scoring")


@dataclass(frozen=True, kw_only=True)
class ScoringParts(Parts):
    """Everything the scoring service is made of."""

    ledger: ScoreLedger
    labels: LabelStore
    reports: ReportStore
    events: EventLog
    scoring: ScoringPipelines
    engine: ScoringEngine
    drift: DriftPipelines
    privacy: Privacy = field(default_factory=Privacy)

    @property
    def unfinished(self) -> str | None:
        """What a process that has ended leaves to another one."""
        left = self.engine.durable.waiting
        if not left:
            return None
        return (
            f"{left} transactions lie in the journal of this process: another one on the volume of "
            "CRISPML_JOURNAL__PATH brings them into the database, or: crispml journal drain"
        )

    @property
    def challenges(self) -> Challenges:
        """How challengers stand."""
        return Challenges(self.use_cases, self.aliases, self.ledger)

    @property
    def replays(self) -> Replays:
        """Windows of the ledger, once more."""
        return Replays(self.use_cases, self.ledger, self.reports, self._asked, self.timings)

    def _asked(self, use_case: str, version: str) -> Callable[[ScoreGroup], Answers]:
        schema = self.use_cases[use_case].schema
        check_replayable(schema)
        loaded = self.engine.models.loaded(use_case, version)
        return partial(replay_group, loaded.scorer, schema)


def build(settings: CrispMLSettings) -> ScoringParts:
    """Build the parts of the scoring service; its threads run until `Parts.close`.

    Raises
    ------
    UseCaseError
        If a use case is broken.
    NotReady
        If the database has not the tables of this release.
    StoreUnavailable
        If the database does not answer, or the journal cannot be written.
    """
    use_cases = load_use_cases(settings.use_cases, settings.environment)
    tracer = make_tracer(settings, "scoring")
    # The writer gives up on a database that is away soon, and goes on with the journal.
    engine, commits, looks = (
        open_database(settings, "scoring"),
        open_for_commits(settings, "scoring"),
        open_for_looks(settings, "scoring"),
    )
    trace_statements(engine, tracer)
    trace_statements(commits, tracer)
    await_database(engine, settings.database.start_wait_s)
    at_rest = check_at_rest(settings, engine, settings.journal.path, settings.batch.path)
    timings = open_timings(settings, "scoring", (engine, commits), tracer)
    root, verifier = settings.registry.path, make_verifier(settings)
    aliases, models, ledger = (
        SqlAliasLog(engine, environment=settings.environment),
        VolumeModelRegistry(root, verifier=verifier),
        SqlScoreLedger(engine, most_joined=settings.scoring.report_rows),
    )
    privacy = open_privacy(settings, use_cases, looks)
    health, followed = SqlHealthLog(looks), SqlAliasLog(looks, environment=settings.environment)
    labels, reports = SqlLabelStore(engine), SqlReportStore(engine)
    durable, writer = _writer(
        settings,
        SqlScoreLedger(commits, tracer=tracer),
        open_journals(settings, looks, _tell),
        tracer,
    )
    live = LiveModels(
        use_cases,
        LoadedVersions(
            VersionLoader(models, codec_of).load, settings.scoring.models_bytes, privacy
        ),
        *_alias_reader(settings, followed, use_cases),
        health=HealthWatch(health.highest, health.current),
        admission=_admission(settings, followed),
        trust=None if verifier is None else TrustWatch(verifier.state, models.get),
    )
    # Where no transaction keeps others waiting, keys are indexed and scores counted beside commits.
    is_beside = capabilities(engine.dialect).row_locks
    kept_up = open_for_upkeep(settings, "scoring") if is_beside else commits
    work = SqlScoreLedger(kept_up).index_keys, drift_store(kept_up, models).advance
    upkeep_thread = UpkeepThread(*work) if is_beside else None
    scoring_engine = ScoringEngine(
        live,
        ledger,
        writer,
        durable,
        capacity=settings.scoring.queue,
        deadline_s=settings.scoring.deadline_s,
        # Through the engine of the requests: what it waits for must not keep a commit waiting.
        shadow=ShadowScores(_shadow_writer(SqlScoreLedger(engine))),
        timings=timings if settings.timing.enabled else None,
        upkeep=None if is_beside else Upkeep(*work),
        tracer=tracer,
    )

    engines = tuple(dict.fromkeys((engine, commits, looks, kept_up)))
    stop_clock = follow_clock(settings)
    audit = build_recorder(settings, engine)

    def close() -> None:
        # First: while the journal is brought home, nothing else is asked of the database.
        if upkeep_thread is not None:
            upkeep_thread.close()
        scoring_engine.close()
        privacy.close()
        audit.close()
        timings.close()
        for each in engines:
            each.dispose()
        stop_clock()
        tracer.close()

    return ScoringParts(
        settings=settings,
        use_cases=use_cases,
        models=models,
        aliases=aliases,
        timings=timings,
        keys=SqlKeyStore(looks),
        verifier=verifier,
        audit=audit,
        lineage=lineage_builder(engine, root, models, use_cases),
        ledger=ledger,
        labels=labels,
        reports=reports,
        events=SqlEventLog(engine),
        scoring=ScoringPipelines(
            use_cases,
            ScoringStores(
                ledger=ledger,
                labels=labels,
                reports=reports,
                registry=models,
                timings=timings,
                libraries=library_versions,
            ),
            privacy.secrets,
        ),
        engine=scoring_engine,
        privacy=privacy,
        drift=drift_pipelines(use_cases, engine, models, aliases, timings),
        ping=lambda: {**ping_stores(looks, root, writable=False), **at_rest},
        pools=pools_of(*engines),
        tracer=tracer,
        close=close,
    )


def _writer(
    settings: CrispMLSettings, ledger: SqlScoreLedger, journals: Journals, tracer: Tracer
) -> tuple[DurableLedger, LedgerWriter]:
    durable = DurableLedger(
        ledger,
        journals,
        retry_s=settings.journal.retry_s,
        drain_s=settings.journal.drain_s,
        on_error=_tell,
    )
    return durable, LedgerWriter(ledger, durable, tracer=tracer)


def _admission(settings: CrispMLSettings, aliases: SqlAliasLog) -> Admission:
    rules = PromotionRules(environment=settings.environment)
    if not rules.is_strict:
        return Admission()
    return Admission(lambda model, version: rules.have_admitted(aliases.moves_to(model, version)))


def _shadow_writer(ledger: SqlScoreLedger) -> LedgerWriter:
    return LedgerWriter(ledger, DirectCommits(ledger))


def _tell(what: str, error: CrispMLError) -> None:
    _log.warning("store_away", store=what, error=error.message)


def _alias_reader(
    settings: CrispMLSettings, aliases: SqlAliasLog, use_cases: Mapping[str, UseCase]
) -> tuple[Callable[[], Mapping[str, int]], Callable[[str], Mapping[str, AliasEvent]]]:
    """Return how aliases are followed: in the database, and on the volume while that is away."""
    projection = partial(read_aliases, settings.registry.path)

    def highest() -> Mapping[str, int]:
        try:
            return aliases.highest()
        except StoreUnavailable:
            return {
                name: max((event.sequence for event in projection(name).values()), default=0)
                for name in use_cases
            }

    def read(model: str) -> Mapping[str, AliasEvent]:
        try:
            return aliases.aliases(model)
        except StoreUnavailable:
            events = projection(model)
            return {alias: event for alias, event in events.items() if not event.is_removal}

    return highest, read
