"""Where work is computed that can be taken apart: in this process, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

Look = Callable[[], None]
"""Called again and again while somebody waits; what it raises ends the waiting."""


def no_look() -> None:
    """Look at nothing."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the libraries of numbers, and joblib, use the thread of the caller and no other.

    Threads add up numbers in another order, and how many there are depends on the machine.
    """
    from joblib import parallel_config
    from threadpoolctl import threadpool_limits

    with parallel_config(backend="sequential"), threadpool_limits(limits=1):
        yield


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
            pickles, and so are parts and results. Whose numbers have to be the same everywhere
            computes them with `one_thread`.
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

    def folds(self, look: Look = no_look) -> AbstractContextManager[object]:
        """Within it joblib computes where this does.

        Parameters
        ----------
        look : callable
            Elsewhere it is called about twice a second, by a thread beside whoever waits; what it
            raises is raised there. Here whoever waits is who computes.

        Raises
        ------
        StoreUnavailable
            If there is no cluster, or it is lost.
        """
        ...
