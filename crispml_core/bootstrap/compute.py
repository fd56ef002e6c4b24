"""Where the runs of a process compute what can be taken apart."""

from __future__ import annotations

from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.domain.errors import InvalidInput
from crispml_core.logs.dask import log_dask
from crispml_core.ports.compute import Compute
from crispml_core.settings import CrispMLSettings


def open_compute(settings: CrispMLSettings) -> Compute:
    """Return the cluster that the settings name, or this process."""
    said = settings.compute
    if said.dask_address is None:
        return LocalCompute()
    # It takes a second to load.
    try:
        from crispml_core.adapters.dask import DaskCompute, Tls
    except ImportError:
        raise InvalidInput(
            "CRISPML_COMPUTE__DASK_ADDRESS needs Dask: install crispml-core[dask]"
        ) from None
    log_dask()
    tls = None
    if said.dask_ca_file and said.dask_cert_file and said.dask_key_file:
        tls = Tls(said.dask_ca_file, said.dask_cert_file, said.dask_key_file)
    return DaskCompute(said.dask_address, tls, said.dask_wait_s)
