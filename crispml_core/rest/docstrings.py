"""What stands below the attributes of a class in its source: the descriptions of its fields.

pydantic can read them, too, but looks for the module of each frame that is open meanwhile, among
all modules that are loaded. While a service starts that is a tenth of its time.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import lru_cache
from itertools import dropwhile, pairwise, takewhile
from pathlib import Path


def attribute_docstrings(cls: type) -> dict[str, str]:
    """Return the docstrings of the attributes of a class of a module, by their names.

    Those that are inherited are left out. Where the source is not there nothing is found.
    """
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file is None or cls.__qualname__ != cls.__name__:
        return {}
    lines = dropwhile(lambda line: not line.startswith(f"class {cls.__name__}("), _lines(file))
    head = next(lines, None)
    if head is None:
        return {}
    # Only the text of the class is parsed: up to the next line that begins at the margin.
    body = takewhile(lambda line: not line or line[0] in " )", lines)
    (found,) = ast.parse("\n".join([head, *body])).body
    assert isinstance(found, ast.ClassDef)
    return {
        first.target.id: inspect.cleandoc(second.value.value)
        for first, second in pairwise(found.body)
        if isinstance(first, ast.AnnAssign)
        and isinstance(first.target, ast.Name)
        and isinstance(second, ast.Expr)
        and isinstance(second.value, ast.Constant)
        and isinstance(second.value.value, str)
    }


@lru_cache(maxsize=4)
def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
