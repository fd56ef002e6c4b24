"""Reason codes: what each prepared field adds to a score.

numpy is imported at the first explained record: a process that explains none stays without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crispml_core.domain.compiled import Plan
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.use_case import UseCase
from crispml_core.serving.compiled.curation import cell_of
from crispml_core.serving.compiled.preparation import RowPreparation

if TYPE_CHECKING:
    import numpy as np

    from crispml_core.serving.explain.contributions import Contributions, Reasons

_SCALES = {"logit": "log-odds", "softmax": "log-odds", "one_vs_rest": "log-odds", "log": "log"}


class Explainer:
    """Explains the scores of a version.

    What depends on the model only is computed at the first record that is explained.

    Parameters
    ----------
    use_case : UseCase
        The definition that the version was trained with.
    plan : Plan or None
        The compiled model; None when scikit-learn serves.
    version : str
        Its name, for errors.
    """

    def __init__(self, use_case: UseCase, plan: Plan | None, version: str) -> None:
        self._use_case, self._target = use_case, use_case.target
        self._plan, self._version = plan, version

    def check(self) -> None:
        """Raise `InvalidInput` if the scores of this version cannot be explained."""
        plan = self._plan
        if plan is None or plan.onnx is not None:
            raise InvalidInput(
                f"explain: version {self._version} is of a kind that has no additive reasons;"
                " linear models and trees have them"
            )

    def explain_rows(self, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """Explain records that keep the record schema: plain values in the order of its fields.

        Returns
        -------
        list of dict
            Per record ``base``, ``score``, ``scale`` and ``reasons``: a ``field`` and its
            ``contribution`` each, the largest first by absolute value. ``base`` plus all
            contributions is ``score``. For classification ``class`` says for which class they
            speak: the positive one of two, else the one with the largest score.

            ``scale`` is ``log-odds``, ``probability`` (forests), ``number`` or, where the model
            predicts the logarithm of a number, ``log``. With more than two classes ``log-odds``
            is the raw score of the class.

        Raises
        ------
        InvalidInput
            If the scores of this version cannot be explained.
        """
        self.check()
        return [self._explain(row) for row in rows]

    def _explain(self, row: tuple[Any, ...]) -> dict[str, Any]:
        import numpy as np

        record = self._preparation.record(row)
        x = np.array([cell(record[source]) for source, cell in self._cells])
        output = None if self._target.task == "multiclass" else 0
        found = self._reasons.explain(x, output)
        by_field = np.bincount(self._field_of, found.columns, len(self._fields)).tolist()
        order = sorted(range(len(by_field)), key=lambda place: -abs(by_field[place]))
        return {
            "base": found.base,
            "score": found.score,
            "scale": self._scale,
            **self._class_of(found),
            "reasons": [
                {"field": self._fields[place], "contribution": by_field[place]} for place in order
            ],
        }

    def _class_of(self, found: Contributions) -> dict[str, str]:
        match self._target.task:
            case "binary":
                return {"class": self._target.classes[1]}
            case "multiclass":
                return {"class": self._target.classes[found.output]}
            case "regression":
                return {}

    @property
    def _compiled(self) -> Plan:
        assert self._plan is not None, "check() comes first"
        return self._plan

    @cached_property
    def _reasons(self) -> Reasons:
        plan = self._compiled
        if plan.linear is not None:
            from crispml_core.serving.explain.linear_reasons import LinearReasons

            return LinearReasons(plan.linear)
        from crispml_core.serving.compiled.unfolding import nodes_of
        from crispml_core.serving.explain.tree_reasons import TreeReasons

        return TreeReasons(nodes_of(plan), len(plan.columns))

    @cached_property
    def _scale(self) -> str:
        plan = self._compiled
        core = plan.linear or plan.trees or plan.deep
        assert core is not None, "check() comes first"
        identity = "probability" if self._target.is_classification else "number"
        return _SCALES.get(core.link, identity)

    @cached_property
    def _preparation(self) -> RowPreparation:
        return RowPreparation(self._use_case, self._compiled.sources)

    @cached_property
    def _cells(self) -> list[tuple[str, Callable[[Any], float]]]:
        return [(column.source, cell_of(column)) for column in self._compiled.columns]

    @cached_property
    def _fields(self) -> list[str]:
        return list(dict.fromkeys(self._compiled.sources))

    @cached_property
    def _field_of(self) -> np.ndarray:
        import numpy as np

        place = {name: position for position, name in enumerate(self._fields)}
        return np.array([place[source] for source in self._compiled.sources], dtype=np.int64)
