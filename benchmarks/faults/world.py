"""Stores with two trained versions, made once and copied for whoever damages them."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap.training import TrainingParts, build
from crispml_core.domain.api_keys import digest_of, new_key
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.models import ANY_VERSION, CHAMPION
from crispml_core.domain.runs import CYCLE, Run, RunStatus
from crispml_core.settings import CrispMLSettings

USE_CASE = "orders"
SCORE = f"/api/v1/use-cases/{USE_CASE}/new-data-score"
# Whoever asks shows it, also where nobody is asked.
ADMIN_KEY = new_key()[1]
CREDENTIAL = {"Authorization": f"Bearer {ADMIN_KEY}"}
_ROWS = 600
_DEFINITION = """\
name: orders
version: "1"
description: Which orders come back.
record_key: order_id
source: {csv: orders.csv}
target: {name: returned, task: binary, values: ["no", "yes"], positive: "yes"}
fields:
  - {name: order_id, type: string, max_length: 40, description: Number of the order.}
  - {name: amount, type: number, minimum: 0, maximum: 10000, description: Amount in euro.}
  - {name: items, type: integer, minimum: 1, maximum: 100, description: Number of items.}
  - {name: channel, type: category, values: [shop, web, phone], description: Where it came from.}
derive: {price: amount / items}
algorithms: {logistic_regression: }
segments: [{name: channel}]
gates: [{kpi: auc, minimum: 0.5}]
"""
# Far apart, so that no record gets the same probability from both versions.
_STRENGTHS = (1.0, 0.001)


@dataclass(frozen=True, slots=True)
class World:
    """The stores of one service.

    Parameters
    ----------
    folder : Path
        Everything lies below it; the definition of the use case is shared by all copies.
    versions : tuple of str
        Two versions that answer differently; the first one is champion.
    server : str, optional
        URL of a database of a server, in place of the SQLite file.
    """

    folder: Path
    versions: tuple[str, str]
    definition: Path
    journal_folder: Path | None = None
    server: str | None = None

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "db" / "crispml.db"

    @property
    def url(self) -> str:
        """The database URL."""
        return self.server or f"sqlite:///{self.database}"

    @property
    def journal(self) -> Path:
        """The folder of the journals."""
        return self.journal_folder or self.folder / "journal"

    @property
    def registry(self) -> Path:
        """The folder of the registry."""
        return self.folder / "registry"

    def settings(self) -> dict[str, str]:
        """Return the settings of a service on these stores, by environment variable."""
        return {
            "CRISPML_USE_CASES": str(self.definition),
            "CRISPML_DATABASE__URL": self.url,
            "CRISPML_REGISTRY__PATH": str(self.registry),
            "CRISPML_AUTH__ADMIN_KEY_DIGEST": digest_of(ADMIN_KEY),
            "CRISPML_JOURNAL__PATH": str(self.journal),
            "CRISPML_BATCH__PATH": str(self.folder / "batches"),
            "CRISPML_SCORING__COMMIT_TIMEOUT_S": "0.2",
            "CRISPML_JOURNAL__RETRY_S": "0.1",
        }

    def training(self) -> TrainingParts:
        """Return the parts of a training service on these stores; to be closed."""
        return build(
            CrispMLSettings.model_validate(
                {
                    "use_cases": str(self.definition),
                    "database": {"url": self.url},
                    "registry": {"path": self.registry},
                    "timing": {"enabled": False},  # its log would be in the way of the figures
                }
            )
        )

    def move(self, version: str, alias: str = CHAMPION) -> None:
        """Point an alias at a version, as the training service does."""
        parts = self.training()
        try:
            parts.training.move_alias(USE_CASE, alias, version, expected=ANY_VERSION, reason="test")
            parts.project_aliases(USE_CASE)
        finally:
            parts.close()

    def copy(self, folder: Path) -> World:
        """Return a copy of the stores in another folder."""
        shutil.copytree(self.folder, folder)
        return World(folder, self.versions, self.definition)

    def another(self, folder: Path) -> World:
        """Return empty stores for the same use case: another environment."""
        world = World(folder, ("", ""), self.definition)
        world.database.parent.mkdir(parents=True)
        world.registry.mkdir()
        migrate.upgrade(world.url)
        return world

    def with_journal(self, folder: Path) -> World:
        """Return the same stores with the journals on another volume."""
        return replace(self, journal_folder=folder)

    def on(self, url: str) -> World:
        """Return the same stores with an empty database of a server; its champion is the first."""
        migrate.upgrade(url)
        world = replace(self, server=url)
        world.move(self.versions[0])
        return world

    def files(self, version: str) -> Path:
        """Return the folder of a version on the volume."""
        return self.registry / "models" / USE_CASE / version


def make_world(folder: Path) -> World:
    """Train two versions in a new folder; the first becomes champion."""
    definition = folder / "definition" / "orders.yaml"
    definition.parent.mkdir(parents=True)
    definition.write_text(_DEFINITION)
    (definition.parent / "orders.csv").write_text(_training_data())
    world = World(folder, ("", ""), definition).another(folder / "stores")
    parts = world.training()
    try:
        first, second = (_train(parts, strength) for strength in _STRENGTHS)
    finally:
        parts.close()
    world = World(world.folder, (first, second), definition)
    world.move(first)
    return world


def record(key: str) -> dict[str, Any]:
    """Return a valid record with this key; equal keys give equal records."""
    number = sum(key.encode())
    return {
        "order_id": key,
        "amount": float(10 + number * 7 % 900),
        "items": 1 + number % 9,
        "channel": ("shop", "web", "phone")[number % 3],
    }


def body(key: str) -> bytes:
    """Return a valid record as JSON."""
    return msgspec.json.encode(record(key))


def _train(parts: TrainingParts, strength: float) -> str:
    asked = {"hyperparameters": {"logistic_regression": {"C": strength}}}
    run = Run(
        id=str(new_id()),
        use_case=USE_CASE,
        method=CYCLE,
        status=RunStatus.RUNNING,
        parameters=parts.training.check(USE_CASE, CYCLE, asked),
        created_at=utc_now(),
        timeout_s=60,
    )
    return str(parts.training.execute(run)["best"])


def _training_data() -> str:
    chance = random.Random(0)
    lines = ["order_id,amount,items,channel,returned"]
    for number in range(_ROWS):
        amount, channel = chance.uniform(1, 1000), chance.choice(("shop", "web", "phone"))
        odds = amount / 1000 + 0.3 * (channel == "web")
        returned = "yes" if chance.random() < odds else "no"
        items = chance.randint(1, 9)
        lines.append(f"T-{number},{amount:.2f},{items},{channel},{returned}")
    return "\n".join(lines) + "\n"
