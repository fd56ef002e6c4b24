"""The catalogue: who owns a data set, what it holds and how confidential it is.

A data set never changes, but what people say about it does. So nothing of that counts in its name:
the manifest holds what was said when it was made, and append-only notes hold what was said since. A
derived data set that nobody described has the owner and the tags of its parents, and is never less
confidential than they are, unless somebody said so and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from crispml_core.domain.datasets import DataSet
from crispml_core.domain.errors import InvalidInput

MAX_TEXT = 1000
MAX_TAG = 63
MAX_TAGS = 100


class Sensitivity(StrEnum):
    """How confidential data are, from least to most."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


_RANKS = {level.value: rank for rank, level in enumerate(Sensitivity)}
DESCRIPTIVE = ("owner", "description", "tags", "sensitivity")
"""What may be said about a data set."""
_INHERITED = ("owner", "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetNote:
    """One change of what is said about a data set.

    Parameters
    ----------
    sequence : int
        1, 2, 3 … per data set.
    changes : dict
        Of `DESCRIPTIVE`, those that change; None takes back what was said before.
    noted_by : str
        Who said so, or the run that did.
    reason : str
        Why; needed where the sensitivity falls.
    floor : str or None
        The sensitivity of the parents that the note knew of. A note that goes below it holds until
        a parent becomes more confidential than that.
    """

    dataset_id: str
    sequence: int
    noted_at: datetime
    changes: dict[str, Any]
    noted_by: str = ""
    reason: str = ""
    floor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry(DataSet):
    """A data set with what is said about it now.

    Parameters
    ----------
    inherited : tuple of str
        Which of `DESCRIPTIVE` come from the parents.
    sequence : int
        Of the newest note; 0 when there is none.
    changed_at : datetime or None
        When it was noted.
    """

    inherited: tuple[str, ...] = ()
    sequence: int = 0
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSearch:
    """What a search of the catalogue asks for; every condition must hold.

    Parameters
    ----------
    words : str
        Words that all occur in the id, the use case, the owner, the description, the tags or the
        names of the columns; upper and lower case are the same.
    tag, owner, sensitivity : str, optional
        Exactly these.
    """

    words: str = ""
    tag: str | None = None
    owner: str | None = None
    sensitivity: str | None = None

    def finds(self, entry: CatalogueEntry) -> bool:
        """Say whether an entry is wanted."""
        if self.tag is not None and self.tag not in entry.tags:
            return False
        if self.owner not in (None, entry.owner):
            return False
        if self.sensitivity not in (None, entry.sensitivity):
            return False
        wanted = self.words.casefold().split()
        if not wanted:
            return True
        said = (entry.id, entry.use_case, entry.owner, entry.description, *entry.tags)
        text = "\n".join([*said, *(column.name for column in entry.columns)]).casefold()
        return all(word in text for word in wanted)


def rank(sensitivity: str) -> int:
    """Return the place of a level among all; a word that is none is taken for the highest.

    Manifests of earlier releases may hold a word of their own, and nobody knows what it means.
    """
    return _RANKS.get(sensitivity, len(_RANKS))


def highest(levels: Iterable[str]) -> str | None:
    """Return the most confidential of some levels, None when there is none."""
    return max(levels, key=rank, default=None)


def check_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes if they can be said about a data set.

    Raises
    ------
    InvalidInput
        If there are none, or one is unknown or of the wrong type or size.
    """
    if not changes or set(changes) - set(DESCRIPTIVE):
        raise InvalidInput(f"say at least one of {', '.join(DESCRIPTIVE)}, and nothing else")
    for name in ("owner", "description"):
        value = changes.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > MAX_TEXT):
            raise InvalidInput(f"{name} must be a text of at most {MAX_TEXT} characters")
    tags = changes.get("tags")
    if tags is not None:
        if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
            raise InvalidInput("tags must be a list of texts")
        if len(tags) > MAX_TAGS or not all(0 < len(tag) <= MAX_TAG for tag in tags):
            raise InvalidInput(
                f"tags: at most {MAX_TAGS}, each a text of 1 to {MAX_TAG} characters"
            )
        changes = {**changes, "tags": list(dict.fromkeys(tags))}
    level = changes.get("sensitivity")
    if level is not None:
        if level not in _RANKS:
            raise InvalidInput(f"sensitivity must be one of {', '.join(_RANKS)}")
        changes = {**changes, "sensitivity": str(level)}
    return dict(changes)


def entry_of(
    dataset: DataSet, notes: Sequence[DataSetNote], parents: Sequence[CatalogueEntry]
) -> CatalogueEntry:
    """Return a data set as the catalogue describes it now.

    Parameters
    ----------
    notes : sequence of DataSetNote
        Of this data set, oldest first.
    parents : sequence of CatalogueEntry
        Of those data sets among its parents that are still there.
    """
    said, floor = _said(dataset, notes)
    inherited = []
    if parents:
        for name in _INHERITED:
            if name not in said:
                said[name] = _of_parents(name, parents)
                if said[name]:
                    inherited.append(name)
    below = highest(parent.sensitivity for parent in parents)
    own = said.get("sensitivity")
    if own is None:
        said["sensitivity"] = below or dataset.sensitivity
        if below is not None:
            inherited.append("sensitivity")
    elif below is not None and rank(below) > max(rank(own), -1 if floor is None else rank(floor)):
        said["sensitivity"] = below
        inherited.append("sensitivity")
    manifest = {f.name: getattr(dataset, f.name) for f in fields(DataSet)}
    empty: dict[str, Any] = {"owner": "", "description": "", "tags": ()}
    return CatalogueEntry(
        **manifest | empty | said | {"tags": tuple(said.get("tags", ()))},
        inherited=tuple(inherited),
        sequence=notes[-1].sequence if notes else 0,
        changed_at=notes[-1].noted_at if notes else None,
    )


def _said(dataset: DataSet, notes: Sequence[DataSetNote]) -> tuple[dict[str, Any], str | None]:
    """Return what was said about the data set itself, and the floor its sensitivity may go below.

    The manifest of a derived data set says a sensitivity that nobody chose.
    """
    said: dict[str, Any] = {
        name: getattr(dataset, name)
        for name in ("owner", "description", "tags")
        if getattr(dataset, name)
    }
    if not dataset.parents:
        said["sensitivity"] = dataset.sensitivity
    floor = None
    for note in notes:
        for name, value in note.changes.items():
            if value is None:
                said.pop(name, None)
            else:
                said[name] = value
            if name == "sensitivity":
                floor = note.floor if value is not None and note.reason else None
    return said, floor


def _of_parents(name: str, parents: Sequence[CatalogueEntry]) -> Any:
    if name == "tags":
        return tuple(dict.fromkeys(tag for parent in parents for tag in parent.tags))
    return next((getattr(parent, name) for parent in parents if getattr(parent, name)), "")


def check_fall(before: str, after: str, reason: str) -> None:
    """Raise `InvalidInput` if the sensitivity falls and nobody says why."""
    if rank(after) < rank(before) and not reason.strip():
        raise InvalidInput(
            "sensitivity falls below what the data set, or what it was made from, has now: give "
            "the reason"
        )
