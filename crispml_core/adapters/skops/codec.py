"""Fitted pipelines as bytes and back, through skops."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import skops.io

from crispml_core.adapters.skops.canonical import canonical
from crispml_core.adapters.skops.policy import TypePolicy
from crispml_core.domain.errors import InvalidInput, RegistryDamaged


class SkopsModelCodec:
    """Serialises scikit-learn objects; see `ports.model_codec.ModelCodec`.

    Parameters
    ----------
    allowed_modules : sequence of str
        Packages besides scikit-learn, numpy, scipy and pandas whose classes and functions may lie
        in a model, for example the package of a use case.
    """

    def __init__(self, allowed_modules: Sequence[str] = ()) -> None:
        self._policy = TypePolicy(allowed_modules)

    def dumps(self, fitted: Any) -> tuple[bytes, tuple[str, ...]]:
        """Return the bytes and the names of the types inside that are not trusted by default.

        Equal models give equal bytes.

        Raises
        ------
        InvalidInput
            If a type inside must not be persisted (a lambda, a function of ``__main__``), or skops
            does not know how.
        """
        try:
            content = canonical(skops.io.dumps(fitted))
            types = skops.io.get_untrusted_types(data=content)
        except MemoryError:
            raise
        except Exception as error:  # __getstate__ of any class inside may raise anything
            raise InvalidInput(
                f"a {type(fitted).__name__} holds something that cannot be persisted "
                f"({type(error).__name__}): use scikit-learn objects with named functions"
            ) from error
        refused = self._refused(types)
        if refused:
            raise InvalidInput(
                f"the model holds {', '.join(refused)}, which must not be persisted: use classes "
                "and named functions of scikit-learn or of the package of the use case"
            )
        return content, tuple(types)

    def loads(self, content: bytes, trusted_types: Sequence[str]) -> Any:
        """Return the object; refuse bytes with any type outside `trusted_types`.

        Nothing of the bytes is made before every type in them is known to be permitted.

        Raises
        ------
        RegistryDamaged
            If the bytes hold another type or cannot be read.
        """
        try:
            _check_archive(content)
            types = skops.io.get_untrusted_types(data=content)
        except MemoryError:
            raise
        except Exception as error:  # a damaged archive breaks anywhere
            raise RegistryDamaged(
                "the model file cannot be read: train and persist the model again"
            ) from error
        unexpected = sorted(set(types) - set(trusted_types)) or self._refused(types)
        if unexpected:
            raise RegistryDamaged(
                f"the model file holds {', '.join(unexpected)}, which is not to be trusted: "
                "it was not written by CrispML, or was altered; train and persist the model again"
            )
        try:
            return skops.io.loads(content, trusted=types)
        except MemoryError:
            raise
        except Exception as error:  # also types of libraries that are not installed here
            raise RegistryDamaged(
                "the model file cannot be restored here: compare the libraries in the manifest of "
                "the version with those installed"
            ) from error

    def _refused(self, types: Iterable[str]) -> list[str]:
        return [name for name in types if not self._policy.permits(name)]


def _check_archive(content: bytes) -> None:
    # The codec writes no compressed entry, so a file cannot unpack to more than its own size.
    with ZipFile(io.BytesIO(content)) as archive:
        if any(entry.compress_type != ZIP_STORED for entry in archive.infolist()):
            raise ValueError("compressed entry")
