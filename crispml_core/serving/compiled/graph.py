"""Plans that hold an ONNX graph, executed by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.compiled import Plan
from crispml_core.domain.errors import RegistryDamaged
from crispml_core.serving.compiled.curation import RowCuration
from crispml_core.serving.compiled.tree_cells import missing_refused

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

_CHUNK = 4096
# The key under which a tensor names a file that it lies in. No graph of ours has such a tensor, and
# none has this text elsewhere; the runtime refuses most of them, but not by a rule of its own.
_FILE_OF_A_TENSOR = b"location"


class GraphModel:
    """All outputs of a plan with a graph.

    Parameters
    ----------
    plan : Plan
        The compiled model.
    positions : mapping of str to int
        Where a prepared record holds each field.
    """

    def __init__(self, plan: Plan, positions: Mapping[str, int]) -> None:
        assert plan.onnx is not None
        self._columns, self._graph = plan.columns, plan.onnx
        self._curate = RowCuration(plan.columns, positions)
        self._session = _session(self._graph.graph)

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the session takes, as measured with ensembles of trees."""
        return 12 * len(self._graph.graph)

    def of_rows(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return the output of each prepared record, a tuple where there are several."""
        matrix = np.array([self._curate(row) for row in rows], dtype=np.float64)
        return self._run(matrix.reshape(len(rows), -1).take(self._curate.order, axis=1))

    def of_columns(self, columns: PreparedColumns) -> list[Any]:
        """Return the output of each record of a batch."""
        from crispml_core.serving.compiled.matrix import curated_column

        matrix = np.empty((columns.rows, len(self._columns)))
        for place, column in enumerate(self._columns):
            matrix[:, place] = curated_column(column, columns)
        starts = range(0, columns.rows, _CHUNK)
        return [out for start in starts for out in self._run(matrix[start : start + _CHUNK])]

    def _run(self, matrix: np.ndarray) -> list[Any]:
        missing = np.isnan(matrix).any(axis=0)
        if missing.any():
            raise missing_refused(self._columns[int(missing.argmax())].source)
        given = {"X": matrix.astype(self._graph.dtype, copy=False)}
        found = self._session.run([self._graph.output], given)[0]
        outputs = found.astype(np.float64, copy=False)
        outputs = outputs.reshape(len(matrix), -1)
        if outputs.shape[1] == 1:
            return list(outputs[:, 0].tolist())
        return [tuple(row) for row in outputs.tolist()]


def _session(graph: bytes) -> Any:
    if _FILE_OF_A_TENSOR in graph:
        raise RegistryDamaged("the graph of the compiled model names another file")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has its own for every kind of damage
        raise RegistryDamaged("the graph of the compiled model cannot be read") from error
