"""The folder that ``crispml use-case new`` writes."""

from __future__ import annotations

import csv
import math
import random
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from string import Template

from crispml_core.cli.verb import Failure
from crispml_core.domain.identifiers import check_name

ROWS = 600
_RISK = {"web": 0.9, "app": 0.0, "shop": -0.9}


def write_skeleton(parent: Path, name: str, *, yaml: bool) -> list[Path]:
    """Write a use case that works as it is, with its data and its test, and return the files.

    Parameters
    ----------
    parent : Path
        Where the folder is made; it is called like the use case.
    yaml : bool
        A YAML file instead of a Python file.

    Raises
    ------
    InvalidInput
        If the name cannot be the name of a use case.
    Failure
        If the folder is there already.
    """
    check_name(name, "the name of a use case")
    folder = parent / name
    try:
        folder.mkdir()
    except FileExistsError:
        raise Failure(f"the folder {folder} is there already; choose another name") from None
    variable = _variable(name)
    file = "use_case.yaml" if yaml else "use_case.py"
    words = {
        "name": name,
        "variable": variable,
        "folder": str(folder),
        "file": file,
        "attribute": "" if yaml else f":{variable}",
    }
    # Named after the use case: pytest cannot tell two files of one name in two folders apart.
    written = [folder / file, folder / f"test_{variable}.py", folder / "data.csv"]
    for target, template in zip(written, (file, "test_use_case.py"), strict=False):
        source = files("crispml_core.cli") / "skeleton" / f"{template}.txt"
        text = Template(source.read_text(encoding="utf-8")).substitute(words)
        target.write_text(text, encoding="utf-8")
    _write_data(written[2])
    return written


def reference_of(folder: Path) -> str | None:
    """Return the reference of the use case in a folder such as `write_skeleton` makes, or None."""
    if (folder / "use_case.yaml").is_file():
        return str(folder / "use_case.yaml")
    if (folder / "use_case.py").is_file():
        return f"{folder / 'use_case.py'}:{_variable(folder.resolve().name)}"
    return None


def _variable(name: str) -> str:
    """Return the Python name of a use case."""
    variable = name.replace("-", "_").replace(".", "_")
    return variable if variable.isidentifier() and not iskeyword(variable) else f"case_{variable}"


def _write_data(file: Path) -> None:
    """Write orders whose risk of return rises with the price and depends on the channel."""
    draw = random.Random(0)  # noqa: S311 - invented data, the same for everybody
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("order_id", "amount", "items", "channel", "returned"))
        for number in range(1, ROWS + 1):
            items, channel = draw.randint(1, 5), draw.choice(tuple(_RISK))
            price = draw.lognormvariate(3.5, 0.6)
            odds = _RISK[channel] + (price - 40) / 20
            returned = "yes" if draw.random() < 1 / (1 + math.exp(-odds)) else "no"
            writer.writerow((f"O-{number:04}", round(price * items, 2), items, channel, returned))
