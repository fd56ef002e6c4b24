"""What a run keeps on the volume of batches until its scores lie complete in their sink.

::

    <root>/.work/<run id>/plan.json        what was found in the source
    <root>/.work/<run id>/input.parquet    the rows of a SQL source
    <root>/.work/<run id>/out/             the parts; becomes the sink in one rename
    <root>/.work/<run id>/<random>         what is being written

Every file is written, forced to the volume and renamed, so what has its name is complete.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from crispml_core.adapters.folders import make_folder, sync_folder
from crispml_core.adapters.volume.batch_errors import batch_errors
from crispml_core.adapters.volume.batch_names import WORK, place_below
from crispml_core.adapters.volume.files import HashedFile
from crispml_core.domain.batches import BatchManifest, BatchPart, BatchPlan
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import Conflict

if TYPE_CHECKING:
    import pyarrow as pa

    from crispml_core.adapters.volume.batch_input import ParquetInput

MANIFEST = "manifest.json"
_PLAN, _INPUT, _OUT = "plan.json", "input.parquet", "out"
_GROUP = b"crispml.group_id"
_PART = re.compile(r"part-(\d{6,})\.parquet")


class VolumeBatchWork:
    """The folder of one run.

    Parameters
    ----------
    root : Path
        The folder of batches.
    run_id : str
        The run.
    """

    def __init__(self, root: Path, run_id: str) -> None:
        self._root, self._folder = root, root / WORK / run_id
        self._out = self._folder / _OUT

    def plan(self) -> BatchPlan | None:
        """Return what `keep_plan` kept."""
        with batch_errors():
            try:
                content = (self._folder / _PLAN).read_bytes()
            except FileNotFoundError:
                return None
        return msgspec.json.decode(content, type=BatchPlan)

    def keep_plan(self, plan: BatchPlan) -> None:
        """Keep the plan durably."""
        self._write(self._folder / _PLAN, msgspec.json.encode(plan))

    def keep_input(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Keep a copy of the records of a source that cannot be read twice; all or nothing."""
        import pyarrow.parquet as pq  # here and below: the service itself never needs it

        # Not around `batches`: an error of the source is none of the volume.
        with batch_errors():
            make_folder(self._folder)
            file = HashedFile(self._staged())
        with file:
            writer = pq.ParquetWriter(file, schema)
            try:
                for batch in batches:
                    with batch_errors():
                        writer.write_batch(batch)
                with batch_errors():
                    writer.close()
                    self._keep(file, self._folder / _INPUT)
            except BaseException:
                file.mute()  # the writer wants to end its file, also one that nobody needs
                writer.close()
                raise

    def open_input(self) -> ParquetInput:
        """Open the copy."""
        from crispml_core.adapters.volume.batch_input import ParquetInput

        return ParquetInput([self._folder / _INPUT])

    def numbers(self) -> list[int]:
        """Return the numbers of the parts that are complete, in order."""
        with batch_errors():
            try:
                names = os.listdir(self._out)
            except FileNotFoundError:
                return []
        return sorted(int(found[1]) for name in names if (found := _PART.fullmatch(name)))

    def part(self, number: int) -> BatchPart | None:
        """Return a part if it is complete; reads all of its bytes."""
        import pyarrow.parquet as pq

        path = self._out / part_name(number)
        with batch_errors():
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    size = file.tell()
            except FileNotFoundError:
                return None
            footer = pq.read_metadata(path)
        return BatchPart(
            name=path.name,
            rows=footer.num_rows,
            size=size,
            sha256=digest,
            group_id=footer.metadata[_GROUP].decode(),
        )

    def write_part(self, number: int, group_id: str, scores: pa.Table) -> BatchPart:
        """Write the scores of a chunk durably; replaces what is there."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        facts = {**(scores.schema.metadata or {}), _GROUP: group_id.encode()}
        repeating = [field.name for field in scores.schema if pa.types.is_dictionary(field.type)]
        # Without the Arrow schema in it, every reader gets texts instead of dictionaries.
        options = {"use_dictionary": repeating, "store_schema": False}
        with batch_errors():
            make_folder(self._out)
            with HashedFile(self._staged()) as file:
                with pq.ParquetWriter(file, scores.schema, **options) as writer:
                    writer.write_table(scores)
                    writer.add_key_value_metadata(facts)
                stored = self._keep(file, self._out / part_name(number))
        return BatchPart(
            name=stored.name,
            rows=scores.num_rows,
            size=stored.size,
            sha256=stored.sha256,
            group_id=group_id,
        )

    def publish(self, sink: str, manifest: BatchManifest) -> None:
        """Make all parts and the manifest visible in the sink in one step."""
        self._write(self._out / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        destination = place_below(self._root, sink, "sink")
        with batch_errors():
            make_folder(destination.parent)
            try:
                os.rename(self._out, destination)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise taken() from None
                raise
            sync_folder(destination.parent)

    def remove(self) -> None:
        """Remove what is left; harmless when nothing is."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):
            self._folder.parent.rmdir()

    def _staged(self) -> Path:
        return self._folder / uuid4().hex

    def _write(self, path: Path, content: bytes) -> None:
        with batch_errors():
            make_folder(path.parent)
            with HashedFile(self._staged()) as file:
                file.write(content)
                self._keep(file, path)

    def _keep(self, file: HashedFile, path: Path) -> StoredFile:
        stored = file.finish()
        os.replace(self._folder / stored.name, path)
        sync_folder(path.parent)
        return StoredFile(path.name, stored.size, stored.sha256)


def part_name(number: int) -> str:
    """Return the name of a part."""
    return f"part-{number:06d}.parquet"


def taken() -> Conflict:
    """Make the error for a sink where something lies already."""
    return Conflict("sink: something is there already; name a place where nothing is")
