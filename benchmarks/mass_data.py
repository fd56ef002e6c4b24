"""Many rows from PostgreSQL to a data set: peak memory, and rows per second against a bare COPY.

Fills a table of orders, ingests it over REST through a declared source (a filter, a derived column
and a joined one, in the order of the key), and reads the very same statement with ``COPY … TO
STDOUT`` into nowhere before and after it. Prints one JSON line.

    python -m benchmarks.mass_data [--rows 2000000]

Needs Debian's PostgreSQL, or ``CRISPML_TEST_POSTGRESQL``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import yaml
from sqlalchemy import make_url

from benchmarks.ingest_memory import PeakMemory
from crispml_core.cli.services import PLANS, Services, local_settings, make_stores

SCRIPT = Path(__file__).parents[1] / "scripts" / "postgresql.sh"
VARIABLE = "CRISPML_TEST_POSTGRESQL"
TABLE = "crispml_mass_data"
FIELDS = {
    "order_id": "string",
    "amount": "number",
    "items": "integer",
    "price": "number",
    "paid": "boolean",
    "ordered_at": "datetime",
    "country": "string",
}


def use_case(url: str) -> dict[str, Any]:
    """Declare nine columns, one of them derived and one joined."""
    return {
        "name": "mass_data",
        "record_key": "order_id",
        "source": {
            "sql": {
                "url": url,
                "table": TABLE,
                "where": "items > 0",
                "columns": {"price": "amount / items"},
                "joins": [
                    {
                        "table": f"{TABLE}_countries",
                        "on": {"country_id": "id"},
                        "columns": {"country": "name"},
                    }
                ],
            }
        },
        "target": {"name": "label", "task": "binary", "values": ["no", "yes"], "positive": "yes"},
        "fields": [
            *({"name": name, "type": type_} for name, type_ in FIELDS.items()),
            {"name": "channel", "type": "category", "values": ["web", "shop", "phone"]},
        ],
        "algorithms": {"logistic_regression": None},
    }


def fill(url: str, rows: int) -> None:
    """Make the tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        drop(url)
        connection.execute(
            f"CREATE TABLE {TABLE}_countries (id int PRIMARY KEY, name text NOT NULL)"
        )
        connection.execute(
            f"INSERT INTO {TABLE}_countries SELECT i, 'country ' || i FROM generate_series(0, 49) i"
        )
        connection.execute(
            f"""CREATE TABLE {TABLE} AS SELECT
                'O-' || lpad(i::text, 10, '0') COLLATE "C" AS order_id,
                ((i % 100000) / 4.0)::numeric(12, 2) AS amount,
                (1 + i % 9)::int AS items,
                i % 2 = 0 AS paid,
                timestamptz '2024-01-01 00:00:00Z' + i * interval '1 second' AS ordered_at,
                (i % 50)::int AS country_id,
                (ARRAY['web', 'shop', 'phone'])[1 + i % 3] AS channel,
                CASE WHEN i % 7 < 2 THEN 'yes' ELSE 'no' END AS label
            FROM generate_series(1, {rows}) i"""
        )
        connection.execute(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (order_id)")
        connection.execute(f"VACUUM ANALYZE {TABLE}")


def drop(url: str) -> None:
    """Remove the tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {TABLE}, {TABLE}_countries")


def copy_seconds(url: str, statement: str) -> tuple[float, int]:
    """Read a statement as fast as this driver can, and return the seconds and the bytes."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        start, size = time.perf_counter(), 0
        with connection.cursor().copy(f"COPY ({statement}) TO STDOUT") as copy:
            for block in copy:
                size += len(block)
        return time.perf_counter() - start, size


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Give the URL of a PostgreSQL: the one of the environment, or one that ends with this."""
    if VARIABLE in os.environ:
        yield os.environ[VARIABLE]
        return
    started = subprocess.run(
        [SCRIPT, "start", folder], stdout=subprocess.PIPE, text=True, check=True
    )
    try:
        yield started.stdout.strip()
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=True)


def ingest(folder: Path, url: str) -> tuple[Any, float, float]:
    """Ingest over REST; return the data set, the seconds and the peak memory."""
    declared = folder / "use_case.yaml"
    declared.write_text(yaml.safe_dump(use_case(url), sort_keys=False))
    settings = local_settings(folder, [str(declared)])
    make_stores(settings)
    with (
        Services(folder, settings, PLANS[:1]) as services,
        services.client() as client,
        PeakMemory() as memory,
    ):
        start = time.perf_counter()
        run = client.training.wait(client.training.start("mass_data", "data-ingestion", {}))
        seconds = time.perf_counter() - start
        dataset = client.training.dataset(run.result["dataset_id"])
    return dataset, seconds, memory.peak_mib


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Fill, read, ingest, read, print one JSON line, and return it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    total = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server is somebody else
        with server(folder / "postgresql") as url:
            plain = make_url(url).set(drivername="postgresql")
            direct = plain.render_as_string(hide_password=False)
            fill(direct, total)
            try:
                figures = measure(folder, url, direct)
            finally:
                drop(direct)
    print(json.dumps(figures))
    return figures


def measure(folder: Path, url: str, direct: str) -> dict[str, Any]:
    """Read by COPY, ingest, read by COPY again."""
    statement = f"""SELECT o.order_id, o.amount, o.items,
        o.amount::float8 / nullif(o.items::float8, 0) AS price, o.paid, o.ordered_at,
        c.name AS country, o.channel, o.label
        FROM {TABLE} o LEFT JOIN {TABLE}_countries c ON c.id = o.country_id
        WHERE o.items::float8 > 0 ORDER BY o.order_id"""
    before, size = copy_seconds(direct, statement)
    dataset, seconds, peak = ingest(folder, url)
    after, _ = copy_seconds(direct, statement)
    copied = (before + after) / 2
    return {
        "rows": dataset.rows,
        "copied_mib": round(size / 2**20),
        "copy_s": round(copied, 1),
        "ingest_s": round(seconds, 1),
        "rows_per_s": round(dataset.rows / seconds),
        "ratio_to_copy": round(copied / seconds, 3),
        "peak_rss_mib": round(peak),
    }


if __name__ == "__main__":
    main()
