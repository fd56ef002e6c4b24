"""Where work is computed that can be taken apart: in this process, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

Look = Callable[[], None]
"""Called again and again while somebody waits; what it raises ends the waiting."""


def no_look() -> None:
    """Look at nothing."""


class Compute(Protocol):
    """Computes the parts of a work, and the folds of a search.

    A part may be computed more than once, when a worker is lost and another one takes over: a task
    gives the same result each time, and what it writes it writes under a name of its own.
    """

    @property
    def is_here(self) -> bool:
        """Whether tasks run in this process and may use what it has."""
        ...

    def map(
        self,
        task: Callable[[Part], Result],
        parts: Iterable[Part],
        *,
        look: Look = no_look,
    ) -> Iterator[Result]:
        """Yield the result of each part, in the order of the parts.

        Only a few parts are taken before their results are, so neither the parts nor the results
        of a large work have to fit into memory.

        Parameters
        ----------
        task : callable
            From a part to its result. Elsewhere it is a function of a module, or an object that
            pickles, and so are parts and results.
        look : callable
            Called about twice a second while no result comes.

        Raises
        ------
        StoreUnavailable
            If there is no cluster, or it is lost.
        CrispMLError
            What the task raised, for the first part that it raised something for.
        """
        ...

    def folds(self) -> AbstractContextManager[object]:
        """Within it joblib computes where this does."""
        ...
