"""The engine of scoring, made of fakes; its versions answer at once."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

from crispml_core import UseCase
from crispml_core.adapters.journal import FileJournals
from crispml_core.domain.errors import NotFound
from crispml_core.serving.direct_commits import DirectCommits
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.serving.engine import ScoringEngine
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.serving.live_models import LiveModels
from crispml_core.serving.loaded_versions import LoadedVersions
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.shadow import ShadowScores
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger
from crispml_core.testing.fakes.timing_log import FakeTimingLog
from tests.services.service import CHALLENGER, SHADOW, VERSION, SureScorer


def engine_of(
    use_cases: dict[str, UseCase],
    ledger: FakeScoreLedger,
    aliases: FakeAliasLog,
    timings: FakeTimingLog,
    folder: Path,
    privacy: Privacy,
) -> ScoringEngine:
    def load(use_case: UseCase, version: str) -> SureScorer:
        if version not in (VERSION, CHALLENGER, SHADOW):
            raise NotFound("model version", [VERSION])
        return SureScorer(use_case, version)

    durable = DurableLedger(ledger, FileJournals(folder / "journal"), retry_s=0.05)
    versions = LoadedVersions(load, 10_000, privacy)
    live = LiveModels(use_cases, versions, aliases.highest, aliases.aliases, clock=monotonic)
    shadow = ShadowScores(LedgerWriter(ledger, DirectCommits(ledger)))
    writer = LedgerWriter(ledger, durable)
    return ScoringEngine(
        live, ledger, writer, durable, deadline_s=5, shadow=shadow, timings=timings
    )
