"""Any estimator that skl2onnx converts, as an ONNX graph on the curated matrix."""

from __future__ import annotations

import contextlib
from typing import Any, Literal

from sklearn.base import is_classifier

from crispml_core.domain.compiled import OnnxCore
from crispml_core.ports.model_compiler import NotCompilable


def onnx_core(estimator: Any, columns: int) -> OnnxCore:
    """Convert an estimator, in float64 where its operators know it, else in float32.

    Raises
    ------
    NotCompilable
        If the converter does not cover the estimator, or a package is missing.
    """
    try:
        import onnxruntime
        import skl2onnx  # noqa: F401
    except ImportError as error:
        raise NotCompilable(f"the package {error.name} is not installed") from None
    name = type(estimator).__name__
    for dtype in ("float64", "float32"):
        # The converter and the runtime each have errors of their own.
        with contextlib.suppress(Exception):
            core = _convert(estimator, columns, dtype)
            onnxruntime.InferenceSession(core.graph, providers=["CPUExecutionProvider"])
            return core
    raise NotCompilable(f"a {name} does not convert to ONNX")


def _convert(estimator: Any, columns: int, dtype: Any) -> OnnxCore:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import (
        DoubleTensorType,
        FloatTensorType,
    )

    tensor = DoubleTensorType if dtype == "float64" else FloatTensorType
    options = {id(estimator): {"zipmap": False}} if is_classifier(estimator) else None
    model = to_onnx(
        estimator,
        initial_types=[("X", tensor([None, columns]))],
        options=options,
    )
    kind: Literal["float64", "float32"] = dtype
    return OnnxCore(graph=model.SerializeToString(), output=model.graph.output[-1].name, dtype=kind)
