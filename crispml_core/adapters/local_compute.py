"""Computes in this process, one part after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

from crispml_core.ports.compute import Look, Part, Result, no_look


class LocalCompute:
    """The compute of a process without a cluster; see `crispml_core.ports.compute.Compute`."""

    is_here = True

    def map(
        self, task: Callable[[Part], Result], parts: Iterable[Part], *, look: Look = no_look
    ) -> Iterator[Result]:
        """Yield the result of each part."""
        return map(task, parts)

    def folds(self, look: Look = no_look) -> AbstractContextManager[object]:
        """Let joblib do what it does by itself."""
        return nullcontext()
