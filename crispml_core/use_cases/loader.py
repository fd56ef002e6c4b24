"""Loading use cases from references.

A reference is ``package.module:name``, ``folder/file.py:name`` or ``folder/file.yaml``. Installed
packages can also name their use cases in the entry point group ``crispml.use_cases``.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from crispml_core.domain.errors import (
    CrispMLError,
    InvalidInput,
    UseCaseError,
    author_line,
    did_you_mean,
)
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import check_privacy
from crispml_core.governance.rules.declared import check_rules
from crispml_core.monitoring.names import KPI_NAMES

ENTRY_POINTS = "crispml.use_cases"
# Files that say nothing about the model itself.
_ABOUT_ITS_LIFE = ("monitoring.py", "approval.py")


def load_use_cases(references: Sequence[str], environment: str = "") -> dict[str, UseCase]:
    """Load every referenced use case and those of the entry point group.

    Parameters
    ----------
    references : sequence of str
        See the module.
    environment : str
        Where they are loaded; their data and policies are those of it.

    Returns
    -------
    dict
        Use cases by name.

    Raises
    ------
    UseCaseError
        If one cannot be loaded, or if two have the same name; the text says what to fix.
    """
    installed = sorted(point.value for point in entry_points(group=ENTRY_POINTS))
    use_cases: dict[str, UseCase] = {}
    for reference in dict.fromkeys([*installed, *references]):
        use_case = load_use_case(reference, environment)
        if use_case.name in use_cases:
            raise UseCaseError(use_case.name, "load", "two use cases have this name; rename one")
        use_cases[use_case.name] = use_case
    return use_cases


def load_use_case(reference: str, environment: str = "") -> UseCase:
    """Load one use case; raise `UseCaseError` with what to fix."""
    use_case = _load(reference, environment)
    known = KPI_NAMES[use_case.target.task]
    for gate in (*use_case.gates, *use_case.approval.gates):
        if gate.kpi not in known:
            hint = f"{did_you_mean(gate.kpi, known)}; known: {', '.join(known)}"
            raise UseCaseError(use_case.name, "load", f"gate {gate.kpi}: no such KPI{hint}")
    try:
        check_rules(use_case, known)
        check_privacy(use_case)
        use_case.check_seen()
        _check_elsewhere(use_case)
    except InvalidInput as error:
        raise UseCaseError(use_case.name, "load", error.message) from error
    return use_case


def _check_elsewhere(use_case: UseCase) -> None:
    """Check the policies of every environment, so that none fails where it is too late."""
    for data in use_case.environments:
        try:
            check_privacy(use_case.in_environment(data.name))
        except InvalidInput as error:
            raise InvalidInput(f"environment {data.name}: {error.message}") from error


def _load(reference: str, environment: str) -> UseCase:
    try:
        if reference.endswith((".yaml", ".yml")):
            # Only now: a process without a use case of this kind starts sooner without YAML.
            from crispml_core.use_cases.tabular import load_tabular

            return load_tabular(Path(reference), environment)
        place, separator, attribute = reference.partition(":")
        if not separator or not attribute:
            raise UseCaseError(
                reference, "load", "write package.module:name, file.py:name or file.yaml"
            )
        module, digest = _from_file(Path(place)) if place.endswith(".py") else _from_module(place)
        return _pick(module, attribute, reference, digest).in_environment(environment)
    except UseCaseError:
        raise
    except CrispMLError as error:
        raise UseCaseError(reference, "load", error.message) from error
    except Exception as error:
        # Unlike `describe_failure` with the text as it is: no data have been read yet.
        what = f"{type(error).__name__}{author_line(error)}: {error}"
        raise UseCaseError(reference, "load", what) from error


def _pick(module: ModuleType, attribute: str, reference: str, digest: str) -> UseCase:
    use_case = getattr(module, attribute, None)
    if not isinstance(use_case, UseCase):
        found = sorted(name for name, value in vars(module).items() if isinstance(value, UseCase))
        names = f"it has {', '.join(found)}" if found else "it has none"
        raise UseCaseError(
            reference, "load", f"{attribute} is not a UseCase of the module; {names}"
        )
    return replace(use_case, digest=digest, module=module.__name__)


def _from_module(name: str) -> tuple[ModuleType, str]:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` does: a use case beside the caller
    module = importlib.import_module(name)
    if module.__file__ is None:
        raise UseCaseError(name, "load", "the module has no file")
    path = Path(module.__file__)
    in_package = bool(module.__package__)
    return module, _digest(sorted(path.parent.rglob("*.py")) if in_package else [path])


def _from_file(path: Path) -> tuple[ModuleType, str]:
    if not path.is_file():
        raise UseCaseError(str(path), "load", "there is no such file")
    digest = _digest([path])
    # Named by its content: the same in every process and on every machine, so that types of the
    # file inside a persisted model are found again, and two files called use_case.py do not clash.
    name = f"crispml_use_case_{digest[:16]}"
    if name in sys.modules:
        return sys.modules[name], digest
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UseCaseError(str(path), "load", "this is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module, digest


def _digest(files: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of source files.

    Tests beside them do not count, nor do modules `monitoring` and `approval`: none of them changes
    the model.
    """
    total = hashlib.sha256()
    for file in files:
        if not file.name.startswith("test_") and file.name not in _ABOUT_ITS_LIFE:
            total.update(f"{file.name}:".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()
