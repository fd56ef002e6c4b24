"""Services of this machine to test, with a model that was trained once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crispml_core.cli.services import Services, local_settings, make_stores
from crispml_core.client import CrispMLClient
from crispml_core.domain.models import CHAMPION

REFERENCE = "examples/german_credit/use_case.py:german_credit"
_ROOT = Path(__file__).parents[1]
_KEY_FILE = "admin.key"


@dataclass(frozen=True, slots=True)
class Target:
    """The services that a load goes to.

    Parameters
    ----------
    training_url : str
        Empty if there is none to ask.
    key_file : str
        File with the API key; empty if the environment has it, or nobody asks for one.
    processes : mapping of str to int
        The process of each service, where it is one of this machine.
    files : mapping of str to Path
        Where they write what is to be watched.
    """

    training_url: str
    scoring_url: str
    key_file: str
    processes: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


@contextlib.contextmanager
def local_target(
    folder: Path, use_case: str, algorithms: Sequence[str] | None = None
) -> Iterator[Target]:
    """Start services in a folder, let them train, and stop them at the end.

    Parameters
    ----------
    use_case : str
        What is trained; its best version becomes champion.
    algorithms : sequence of str, optional
        Only these.
    """
    settings = local_settings(folder, [f"{_ROOT / REFERENCE}"])
    make_stores(settings)
    with Services(folder, settings) as services:
        with services.client() as client:
            train(client, use_case, algorithms)
        urls = services.urls
        files = {"database": folder / "crispml.db", "journal": folder / "journal"}
        yield Target(
            urls["training"],
            urls["scoring"],
            str(folder / _KEY_FILE),
            services.processes,
            files,
        )


def has_champion(client: CrispMLClient, use_case: str) -> bool:
    """Return whether some version answers for a use case."""
    models = client.scoring.models()
    return any(model.name == use_case and CHAMPION in model.aliases for model in models)


def train(client: CrispMLClient, use_case: str, algorithms: Sequence[str] | None = None) -> None:
    """Run a cycle, make its best version champion, and let it answer once."""
    cycle = client.training.cycle(use_case, algorithms=algorithms, promote=True)
    run = client.training.wait(cycle)
    # A pod notices a new champion up to a second later; the version itself answers at once.
    version = run.result["best"]
    rows = client.training.rows(run.result["prepared_id"], limit=1)
    fields = {field.name for field in client.scoring.use_case(use_case).fields}
    record = {name: value for name, value in next(rows).items() if name in fields}
    client.scoring.score(use_case, [record], version=version)
