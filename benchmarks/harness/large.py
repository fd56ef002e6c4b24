"""A Parquet batch of millions of rows through our service: peak memory and rows per second."""

from __future__ import annotations

import http.client
import shutil
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.adult.columns import FEATURES, KEY
from benchmarks.adult.data import keys
from benchmarks.adult.models import ALGORITHMS
from benchmarks.harness.batches import check_status
from benchmarks.harness.fleet import TROUBLE, Disagrees, Fleet
from benchmarks.harness.ours import OURS
from benchmarks.harness.places import HOME
from benchmarks.harness.process import ServerProcess
from benchmarks.harness.say import say
from benchmarks.harness.servers import PARQUET, Form
from benchmarks.harness.workbench import Workbench

_ROW_GROUP_ROWS = 100_000
_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 1800


def measure_large(bench: Workbench) -> dict[str, Any]:
    """Send one large batch and return what it took, or the error."""
    rows = bench.sizes.large_rows
    batch, answer = HOME / "requests" / "large.parquet", HOME / "requests" / "answer.parquet"
    try:
        write(bench, batch, rows)
        with Fleet(bench, [OURS], ALGORITHMS[0]) as fleet:
            if OURS.name not in fleet.processes:
                raise Disagrees(fleet.problems[OURS.name])
            process = fleet.processes[OURS.name]
            with process.awake(), fleet.acknowledging(process) as told:
                process.reset_peak_memory()
                began = time.perf_counter()
                _send(process, OURS.forms[PARQUET], batch, answer)
                seconds = time.perf_counter() - began
                peak = process.peak_memory_mib()
                if (answered := pq.ParquetFile(answer).metadata.num_rows) != rows:
                    raise Disagrees(f"{answered} rows came back for {rows}")
                told.add(acknowledged=rows)
    except TROUBLE as error:
        say(f"the large batch is left out: {error}")
        return {"rows": rows, "error": f"{type(error).__name__}: {error}"}
    finally:
        batch.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)
    return {
        "rows": rows,
        "seconds": round(seconds, 1),
        "rows_per_s": round(rows / seconds),
        "peak_rss_mib": round(peak),
    }


def write(bench: Workbench, file: Path, rows: int) -> None:
    """Write so many records, each with a key of its own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = pa.Table.from_pandas(bench.rows(_ROW_GROUP_ROWS), preserve_index=False)
    part = part.select([KEY, *FEATURES])
    with pq.ParquetWriter(file, part.schema) as writer:
        for start in range(0, rows, _ROW_GROUP_ROWS):
            count = min(_ROW_GROUP_ROWS, rows - start)
            named = pa.array(keys(count, start), part.schema.field(KEY).type)
            writer.write_table(part.slice(0, count).set_column(0, part.schema.field(KEY), named))


def _send(process: ServerProcess, form: Form, batch: Path, answer: Path) -> None:
    """Stream a file to the server and its answer to another file, both at once."""
    address = urlsplit(process.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, _TIMEOUT_S)
    connection.putrequest(form.method, form.path)
    for name, value in {**form.headers, "Content-Length": str(batch.stat().st_size)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    sending = threading.Thread(target=_upload, args=(connection, batch), daemon=True)
    sending.start()
    try:
        response = connection.getresponse()
        if response.status >= 300:
            check_status(response.status, response.read())
        with answer.open("wb") as target:
            shutil.copyfileobj(response, target, _CHUNK_BYTES)
        sending.join()
    finally:
        connection.close()


def _upload(connection: http.client.HTTPConnection, batch: Path) -> None:
    with batch.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            try:
                connection.send(chunk)
            except OSError:
                return  # the server refused and closed; its answer says why
