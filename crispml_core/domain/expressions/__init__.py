"""One small language for derived fields, filters and segments, with one meaning everywhere.

A use case writes ``field("amount") / field("months")`` in Python or ``amount / months`` in YAML;
both become the same tree (`Expression`). The tree is evaluated on one record (`compile_scalar`,
microseconds), on columns (`crispml_core.tables.columns`) and inside a database
(`crispml_core.adapters.sources`). All of them agree:

- A number is a float64; text is text; a comparison is a truth value.
- An operation on a missing value is missing, and so is a result that is not finite (division by
  zero, logarithm of zero). Only ``is_missing`` and ``coalesce`` look at missing values.
- A comparison with a missing value is false, and so is ``not`` of a missing value.

Nothing here imports a library, and an expression cannot call anything but the functions in
`FUNCTIONS`.
"""

from crispml_core.domain.expressions.parse import parse
from crispml_core.domain.expressions.scalar import compile_scalar
from crispml_core.domain.expressions.tree import (
    FUNCTIONS,
    Call,
    Expression,
    FieldRef,
    Kind,
    Literal,
    call,
    field,
)

__all__ = [
    "FUNCTIONS",
    "Call",
    "Expression",
    "FieldRef",
    "Kind",
    "Literal",
    "call",
    "compile_scalar",
    "field",
    "parse",
]
