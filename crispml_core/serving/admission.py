"""Which versions may answer a request that names them, or an alias of its own choice.

The aliases that answer everybody move by the rules of the environment. A name in a request must not
be a way around them.
"""

from __future__ import annotations

from collections.abc import Callable

from crispml_core.domain.bundles import PromotionRefused


class Admission:
    """Remembers which versions may answer; one that may once may for ever.

    Parameters
    ----------
    is_admitted : callable
        Says of a model and a version whether it may answer.
    """

    def __init__(
        self, is_admitted: Callable[[str, str], bool] = lambda model, version: True
    ) -> None:
        self._is_admitted = is_admitted
        self._known: set[tuple[str, str]] = set()

    def check(self, model: str, version: str) -> None:
        """Raise unless a version may answer.

        Raises
        ------
        PromotionRefused
            If the rules of the environment never let it.
        StoreUnavailable
            If nobody knows.
        """
        if (model, version) in self._known:
            return
        if not self._is_admitted(model, version):
            raise PromotionRefused(
                "the rules of this environment never let this version answer: no alias that "
                "answers was moved to it; see GET /models/{model}/aliases"
            )
        self._known.add((model, version))
