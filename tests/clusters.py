"""A cluster of Dask in processes of this machine, which listens on loopback only."""

from __future__ import annotations

from typing import Any

from distributed import LocalCluster


def local_cluster(workers: int, **more: Any) -> LocalCluster:
    """Return a cluster of workers with one thread each; it is a context manager."""
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        **more,
    )
