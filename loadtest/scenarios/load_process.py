"""What all users of one process share: settings, records, addresses, and the collector."""

from __future__ import annotations

from random import Random

from crispml_core.client import CrispMLClient, UseCaseInfo
from loadtest.collecting import Collector
from loadtest.config import LoadSettings, addresses, credential, tls
from loadtest.records import Records, read_rows
from loadtest.verifying import keeps_keys

API = "/api/v1"


class LoadProcess:
    """One process that sends.

    Parameters
    ----------
    settings : LoadSettings
        The settings of the load.
    number : int
        Which process it is; each one draws differently.
    """

    def __init__(self, settings: LoadSettings, number: int) -> None:
        self.settings = settings
        self.training_url, self.scoring_url = (url.rstrip("/") for url in addresses())
        key = credential(settings)
        self.headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key is not None:
            self.headers["Authorization"] = f"Bearer {key}"
        self.chance = Random(f"{settings.seed}:{number}")  # noqa: S311 - draws a load
        with CrispMLClient(
            self.training_url or self.scoring_url, self.scoring_url, credential=key, tls=tls()
        ) as client:
            self.use_case: UseCaseInfo = client.scoring.use_case(settings.use_case)
            rows = read_rows(client, self.use_case) if self.training_url else []
        self.collector = Collector(
            settings.warm_up_s,
            settings.seconds,
            has_record_keys=keeps_keys(self.use_case),
            has_series=settings.series,
        )
        if not rows:
            self.collector.figures.note("no data to draw from: all records are of the schema")
        self.records = Records(
            self.use_case,
            rows,
            self.chance,
            invalid_share=settings.invalid_share,
            schema_share=settings.schema_share,
        )

    def scoring(self, method: str) -> str:
        """Return the address of a method of the scoring service."""
        return f"{self.scoring_url}{API}/use-cases/{self.settings.use_case}/{method}"

    def training(self, method: str) -> str:
        """Return the address of a method of the training service."""
        return f"{self.training_url}{API}/use-cases/{self.settings.use_case}/{method}"

    def run(self, run_id: str) -> str:
        """Return the address of a run."""
        return f"{self.training_url}{API}/runs/{run_id}"
