"""The public keys that signatures are verified with on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crispml_core.adapters.signing import TrustedKeys


def trusted_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--trusted``, which `trusted_keys` takes."""
    return click.option(
        "--trusted",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder of public keys (*.pem).  "
        "[default: that of this environment in the setting CRISPML_SIGNING__TRUSTED]",
    )(command)


def trusted_keys(folder: Path | None) -> TrustedKeys:
    """Return the keys of a folder, or those that the settings trust."""
    from crispml_core.adapters.signing import TrustedKeys
    from crispml_core.settings import load_settings

    if folder is None:
        settings = load_settings()
        folder = settings.signing.trusted / settings.environment
    return TrustedKeys(folder)
