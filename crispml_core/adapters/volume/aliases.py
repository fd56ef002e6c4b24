"""Where aliases point, as a file for pods that cannot reach the database.

The truth is the alias log in the database; this file follows it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from crispml_core.adapters.folders import make_folder
from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.files import FOLDER_NAME
from crispml_core.adapters.volume.model_registry import FOLDER
from crispml_core.adapters.volume.publish import replace_file
from crispml_core.domain.errors import RegistryDamaged
from crispml_core.domain.identifiers import check_name
from crispml_core.domain.models import AliasEvent

FILE = "aliases.json"


def write_aliases(root: Path, model: str, events: Iterable[AliasEvent]) -> None:
    """Project the newest event of each alias to the volume, in one step.

    A projection that is older than the one on the volume, by its highest sequence, is left out:
    two processes that move aliases at once may come here in the other order.

    Parameters
    ----------
    root : Path
        The folder of the registry.
    model : str
        Name of the model.
    events : iterable of AliasEvent
        The newest event of every alias that the model ever had: a removal too is a newest event,
        and without it the file would not be newer than the one before.
    """
    check_name(model, "the name of a model")
    aliases = {event.alias: event for event in sorted(events, key=lambda event: event.sequence)}
    content = msgspec.json.format(msgspec.json.encode(aliases), indent=2) + b"\n"
    folder = root / FOLDER / model
    with registry_errors(), _only_writer(folder):
        if _highest(aliases) >= _highest(_last_projection(root, model)):
            replace_file(root, folder / FILE, content)


def read_aliases(root: Path, model: str) -> dict[str, AliasEvent]:
    """Return the newest event of every alias, removals included, as far as the volume knows."""
    if not FOLDER_NAME.fullmatch(model):
        return {}
    with registry_errors():
        try:
            content = (root / FOLDER / model / FILE).read_bytes()
        except FileNotFoundError:
            return {}
    try:
        return msgspec.json.decode(content, type=dict[str, AliasEvent])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RegistryDamaged(
            f"file {FOLDER}/{model}/{FILE} of the registry cannot be read: "
            "the next move of an alias of this model writes it again"
        ) from None


def _last_projection(root: Path, model: str) -> dict[str, AliasEvent]:
    try:
        return read_aliases(root, model)
    except RegistryDamaged:
        return {}


def _highest(aliases: dict[str, AliasEvent]) -> int:
    return max((event.sequence for event in aliases.values()), default=0)


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    make_folder(folder)
    with open(folder / ".aliases.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
