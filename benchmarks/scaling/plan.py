"""What happens to the replicas while a load lasts, and how large a measurement is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What begins a phase."""

    HOLD = "hold"
    SCALE = "scale"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Phase:
    """A change, however long it takes, and a time in which nothing changes.

    Parameters
    ----------
    replicas : int
        As many as get requests once the change is done.
    """

    action: Action
    replicas: int
    hold_s: float

    @property
    def title(self) -> str:
        """What the phase is called in tables and plots."""
        change = {
            Action.HOLD: "at",
            Action.SCALE: "scaled to",
            Action.REPLACE: "each replaced at",
        }
        return f"{change[self.action]} {self.replicas}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large a measurement is.

    Parameters
    ----------
    hold_s : float
        How long a number of replicas is measured.
    warm_up_s : float
        How long a load lasts before anything is measured or done.
    most : int
        What is scaled to, from one and back.
    connections : int
        Of the load that asks for as much as it gets.
    share : float
        What the constant load asks for, of the rate that one replica reached.
    workers : tuple of int
        Worker processes of one container, one after the other.
    worker_cores : float
        What that container is given.
    """

    hold_s: float = 15.0
    warm_up_s: float = 4.0
    most: int = 3
    connections: int = 64
    share: float = 0.5
    workers: tuple[int, ...] = (1, 2, 4)
    worker_cores: float = 1.0


FULL = Sizes()
QUICK = Sizes(hold_s=8.0, warm_up_s=3.0, most=2, workers=(1, 2))


def up_and_down(sizes: Sizes) -> list[Phase]:
    """Return the phases of one replica, of the most, and of one again."""
    return [
        Phase(Action.HOLD, 1, sizes.hold_s),
        Phase(Action.SCALE, sizes.most, sizes.hold_s),
        Phase(Action.SCALE, 1, sizes.hold_s),
    ]


def up_replaced_and_down(sizes: Sizes) -> list[Phase]:
    """Return the same phases, with a rolling update while there are the most replicas."""
    first, up, down = up_and_down(sizes)
    return [first, up, Phase(Action.REPLACE, sizes.most, sizes.hold_s), down]
