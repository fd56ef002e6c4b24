"""A file that is ingested instead of the source; it lies in a folder that ends with the page."""

from __future__ import annotations

from pathlib import Path

from htmltools import Tag, tags

from crispml_console.parts.fields import hinted
from crispml_console.parts.filled import Filled
from crispml_core.client.training import CSV, PARQUET

_ID = "f_file"
_MEDIA = {".csv": CSV, ".parquet": PARQUET}


def file_field() -> Tag:
    """Return the field for the file, with the progress of its way to the console."""
    made = tags.div(
        tags.label("File", for_=_ID, class_="control-label"),
        tags.input(
            id=_ID,
            name=_ID,
            type="file",
            accept=",".join(_MEDIA),
            class_="form-control shiny-input-file",
            aria_describedby=f"{_ID}-hint",
        ),
        tags.div(
            tags.div(class_="progress-bar"),
            id=f"{_ID}_progress",
            class_="progress active shiny-file-input-progress",
        ),
        class_="form-group shiny-input-container",
    )
    return hinted(made, _ID, "CSV or Parquet, with the fields of the use case and its target")


def chosen_file(filled: Filled) -> tuple[Path, str]:
    """Return where the chosen file is, and its content type by its ending."""
    found = filled.raw(_ID)
    if not isinstance(found, list) or not found:
        filled.wrong[_ID] = "Choose a file."
        return Path(), CSV
    media = _MEDIA.get(Path(found[0]["name"]).suffix.lower())
    if media is None:
        filled.wrong[_ID] = "The name of the file must end in .csv or .parquet."
    return Path(found[0]["datapath"]), media or CSV
