"""Which loaded versions lost the signature that let them be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crispml_core.domain.errors import CrispMLError, StoreUnavailable, UntrustedSignature

Key = tuple[str, str]


class TrustWatch:
    """Asks again for the signatures of loaded versions when the trusted keys have changed.

    Parameters
    ----------
    state : callable
        Returns something that differs after the keys changed; asked often, so it must be cheap.
    check : callable
        Gets model and version; raises `UntrustedSignature` when the signature does not count.
    """

    def __init__(
        self,
        state: Callable[[], object] = lambda: None,
        check: Callable[[str, str], object] = lambda model, version: None,
    ) -> None:
        self._state, self._check = state, check
        self._known = self._seen()

    def has_changed(self) -> bool:
        """Whether the keys are others than at the last look; not while nobody can tell."""
        now = self._seen()
        changed = now is not None and now != self._known
        if changed:
            self._known = now
        return changed

    def lost(self, versions: Iterable[Key]) -> list[Key]:
        """Return those of some versions that are not trusted any more."""
        return [key for key in versions if not self._is_trusted(*key)]

    def _seen(self) -> object:
        try:
            return self._state()
        except StoreUnavailable:
            return None

    def _is_trusted(self, model: str, version: str) -> bool:
        try:
            self._check(model, version)
        except UntrustedSignature:
            return False
        except CrispMLError:
            return True  # what is in memory was verified; that it cannot be read now is no reason
        return True
