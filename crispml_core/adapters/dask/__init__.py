"""Work on a cluster of Dask: parts of it as tasks, and the folds of a search through joblib.

Only what has a scheduler's address loads Dask.
"""

from crispml_core.adapters.dask.compute import DaskCompute, Tls

__all__ = ["DaskCompute", "Tls"]
