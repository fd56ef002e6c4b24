"""Which types and functions a model file may name.

The list of trusted types comes from a manifest beside the model, so it is only as good as the
volume. This policy is the second lock: it lives in the code. A module prefix alone is not enough,
because a module also offers what it imports itself: ``sklearn.utils._testing`` offers a function
that starts programs. So a name is resolved, must be at home in the module that it names, and
must be a kind of thing that does nothing when it is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from inspect import isclass, isfunction

import numpy as np
from pandas.api.extensions import ExtensionDtype

# Parts of scikit-learn, numpy, scipy and pandas that read, write, download or run something.
_BARRED = frozenset(
    {
        "__main__",
        "_lib",
        "_testing",
        "conftest",
        "datasets",
        "distutils",
        "externals",
        "f2py",
        "fixes",
        "io",
        "testing",
        "tests",
    }
)
_NAMED = frozenset({"builtins.object", "collections.OrderedDict", "functools.partial"})
# Pure functions over arrays.
_FUNCTION_HOMES = ("sklearn.feature_selection.", "sklearn.metrics.", "sklearn.preprocessing.")
_FUNCTIONS = frozenset(
    {
        "numpy.clip",
        "numpy.nan_to_num",
        "numpy.round",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "sklearn.utils.validation.check_array",
    }
)
_VALUE_CLASSES = (np.dtype, np.generic, ExtensionDtype)


class TypePolicy:
    """Decides about names of types and functions, as skops spells them.

    Parameters
    ----------
    allowed_modules : sequence of str
        Packages besides the libraries whose own classes and functions may lie in a model, for
        example the package of a use case.
    """

    def __init__(self, allowed_modules: Sequence[str] = ()) -> None:
        self._allowed = tuple(allowed_modules)

    def permits(self, name: str) -> bool:
        """Whether a model file may name this type or function."""
        if name in _NAMED or name in _FUNCTIONS:
            return True
        module, _, attribute = name.rpartition(".")
        if self._is_allowed(module):
            thing = _at_home(module, attribute)
            return isclass(thing) or isfunction(thing)
        if _BARRED.intersection(name.split(".")):
            return False
        if module.startswith("sklearn."):
            thing = _at_home(module, attribute)
            return isclass(thing) or (isfunction(thing) and module.startswith(_FUNCTION_HOMES))
        if module.startswith("scipy.sparse.") or module.startswith("scipy.interpolate."):
            return isclass(_at_home(module, attribute))
        if module.split(".")[0] in ("numpy", "pandas"):
            thing = _at_home(module, attribute)
            return isclass(thing) and issubclass(thing, _VALUE_CLASSES)
        return False

    def _is_allowed(self, module: str) -> bool:
        return any(module == own or module.startswith(f"{own}.") for own in self._allowed)


def _at_home(module: str, attribute: str) -> object:
    """Return the thing if the module defines it itself, else None."""
    try:
        thing: object = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return None
    is_own = getattr(thing, "__module__", None) == module
    return thing if is_own and getattr(thing, "__name__", None) == attribute else None
