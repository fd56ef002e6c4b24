"""What answers under a name at the moment."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crispml_core.serving.challengers import Challenger
from crispml_core.serving.ledger_writer import Served
from crispml_core.serving.loaded_versions import LoadedVersion


@dataclass(frozen=True, slots=True)
class Active:
    """A loaded version together with the name it answers under; replaced whole, never changed.

    Parameters
    ----------
    challenger : Challenger or None
        Of the champion: who wants its place, if anybody.
    """

    loaded: LoadedVersion
    served: Served
    challenger: Challenger | None = None

    def under(self, alias: str | None) -> Active:
        """Return the same version under the name that a request used for it."""
        return Active(self.loaded, replace(self.served, alias=alias))
