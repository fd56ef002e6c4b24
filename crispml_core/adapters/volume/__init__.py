"""The registry: data sets, artefacts and model versions as files on a volume.

Every store here publishes a whole folder with one rename, so a reader sees all of it or nothing,
and a process that dies leaves only a folder under ``.staging`` that `sweep` removes. Reading needs
no right to write. Nothing may enter that speaks to a database, knows HTTP or interprets what a
model file holds.

::

    <root>/datasets/<id>/            manifest.json  part-0.parquet
    <root>/artifacts/<id>/           manifest.json  ...
    <root>/models/<model>/<version>/ manifest.json  ...
    <root>/models/<model>/aliases.json
    <root>/.staging/<run>.<random>/  what is being written
"""

from crispml_core.adapters.volume.aliases import read_aliases, write_aliases
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.errors import volume_problem
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.adapters.volume.sweep import sweep

__all__ = [
    "VolumeArtefactStore",
    "VolumeDataSetStore",
    "VolumeModelRegistry",
    "read_aliases",
    "sweep",
    "volume_problem",
    "write_aliases",
]
