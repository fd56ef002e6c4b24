"""Blocks of tests, executed for all trees at once; see `DeepCore`.

numpy pays for each operation rather than for each number, so a record takes as many steps in all
trees as it passes blocks in one of them: about five where it passes twenty nodes. What is left to
pay for is memory, so everything about a block lies in one line of the cache:

    offset of its shape, 7 scales | 65535, 7 bounds | 8 exits
    8 numbers of 2 bytes          | the same        | 8 numbers of 4 bytes

The offset stands where a scale would, and its bound is one that no rank exceeds: so there are
eight tests of which the first never fails, and the outcomes of a block are one byte below 128.
"""

from __future__ import annotations

import numpy as np

from crispml_core.domain.compiled import DeepCore
from crispml_core.serving.compiled.arrays import array_of
from crispml_core.serving.compiled.scales import HIGHEST
from crispml_core.serving.compiled.shapes import TESTS

_LINE = 64
_PARTS = 4  # of 16 bytes, which numpy gathers as one complex number, faster than as a row
_OUTCOMES = 1 << TESTS
# As arrays, because numpy converts a Python number anew at every step.
_ZERO, _TWO = np.array(0), np.array(2)


class Blocks:
    """Walks from block to block.

    Parameters
    ----------
    core : DeepCore
        The blocks, checked by `deep_soundness`.
    """

    def __init__(self, core: DeepCore) -> None:
        lines = _lines(core)
        parts = lines.view(np.complex128)
        # A block is the place of its first part; shifted arrays find the others by the same place.
        self._scales, self._bounds = parts, parts[1:]
        self._exits = lines.view(np.int32)[2 * _PARTS :]
        self._exit_of = _exit_table(array_of(core.shapes)).ravel()
        self.size_bytes = lines.nbytes + self._exit_of.nbytes

    def places(self, leads: np.ndarray) -> np.ndarray:
        """Return where walks begin that lead to blocks or, below 0, to values."""
        return _places(leads)

    def descend(
        self, at: np.ndarray, ranks: np.ndarray, offsets: np.ndarray | None = None
    ) -> np.ndarray:
        """Return where walks end: ``-1 - v`` for the row v of the values.

        Parameters
        ----------
        at : ndarray of shape (n,), int64
            Where each walk begins, of `places`; it is overwritten.
        ranks : ndarray of shape (n_records * n_scales,), uint16
            The ranks of all records.
        offsets : ndarray of shape (n,), int64, optional
            Where the ranks of the record of each walk begin; left out for one record.
        """
        ends, walks = at, None
        while True:
            going = (at >= _ZERO).nonzero()[0]
            if len(going) < len(at):
                if not len(going):
                    return ends
                at = at.take(going)
                walks = going if walks is None else walks.take(going)
                offsets = None if offsets is None else offsets.take(going)
            at = self._step(at, ranks, offsets)
            if walks is None:
                ends = at
            else:
                ends[walks] = at

    def _step(self, at: np.ndarray, ranks: np.ndarray, offsets: np.ndarray | None) -> np.ndarray:
        """Return where each block leads."""
        scales = self._scales.take(at).view(np.uint16)
        chosen = scales
        if offsets is not None:
            chosen = (scales.reshape(-1, TESTS + 1) + offsets[:, None]).ravel()
        # Clipped, because the offset of a shape is no scale.
        found = ranks.take(chosen, mode="clip")
        fails = np.packbits(found > self._bounds.take(at).view(np.uint16))
        exits = at << _TWO
        exits += self._exit_of.take(scales[:: TESTS + 1] + fails)
        leads: np.ndarray = self._exits.take(exits).astype(np.int64)
        return leads


def _lines(core: DeepCore) -> np.ndarray:
    """Return all blocks, one after the other, aligned to the lines of the cache."""
    bound, shape = array_of(core.bound), array_of(core.shape)
    room = np.zeros((len(bound) + 1) * _LINE, dtype=np.uint8)
    start = -room.ctypes.data % _LINE
    lines = room[start : start + len(bound) * _LINE]
    tests = lines.view(np.uint16).reshape(len(bound), -1)
    tests[:, 0], tests[:, 1 : TESTS + 1] = shape * np.uint16(_OUTCOMES), array_of(core.scale)
    tests[:, TESTS + 1], tests[:, TESTS + 2 : 2 * TESTS + 2] = HIGHEST, bound
    exits = lines.view(np.int32).reshape(len(bound), -1)[:, 2 * _PARTS :]
    has_exit = np.arange(TESTS + 1) <= (bound != HIGHEST).sum(axis=1)[:, None]
    exits[has_exit] = _places(array_of(core.exits))
    return lines


def _places(leads: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(leads < 0, leads, leads * _PARTS))


def first_exits(bound: np.ndarray) -> np.ndarray:
    """Return the first exit of each block: it has one more than tests."""
    counts = (bound != HIGHEST).sum(axis=1) + 1
    found: np.ndarray = np.cumsum(counts) - counts
    return found


def _exit_table(shapes: np.ndarray) -> np.ndarray:
    """Return, by shape and by which tests fail, the exit from the left, shape (n_shapes, 128).

    A test that fails takes the exits below its left branch away; the first that is left is it.
    """
    outcomes = np.arange(_OUTCOMES, dtype=np.uint8)[:, None]
    fails = np.unpackbits(outcomes, axis=1)[:, 1:].astype(bool)
    places = np.arange(TESTS + 1)
    taken = (places >= shapes[:, :, None]) & (places <= places[:-1, None])  # shape, test, exit
    is_gone = np.zeros((len(shapes), _OUTCOMES, TESTS + 1), dtype=bool)
    for test in range(TESTS):
        is_gone |= fails[None, :, test, None] & taken[:, None, test]
    return np.asarray(is_gone.argmin(axis=2).astype(np.uint8))
