"""Removes from the environment of an image what nothing in it runs, a quarter of its size.

``python leave_out.py SITE_PACKAGES`` runs while an image is built. No package is left out as a
whole; `tests/containers` runs the whole cycle without these files.
"""

import shutil
import sys
from pathlib import Path

PATTERNS = (
    # Tests of the packages themselves.
    "**/tests",
    "joblib/test",
    "alembic/testing",
    "ibm_db_tests",
    "ibmdb_tests.py",
    "sqlalchemy/testing",
    # What only a compiler or an editor reads.
    *(f"**/*.{ending}" for ending in ("c", "cc", "cpp", "h", "hpp", "pxd", "pxi", "pyi", "pyx")),
    # Arrow's servers of tables, and its way to object stores: sources here are files and databases.
    "pyarrow/*flight*",
    "pyarrow/*s3*",
    # Other names of the library that is loaded as libarrow_python.so.NUMBER.
    "pyarrow/libarrow_python*.so",
    "pyarrow/libarrow_python*.so.*.*.*",
    # The library for programs in C, which the Python module has inside already, and what makes
    # graphs of other models smaller.
    "onnxruntime/capi/libonnxruntime.so.*",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    # Collections of Dask, and its pages for a browser: the tasks here are functions.
    "dask/array",
    "dask/dataframe",
    "distributed/dashboard",
    "distributed/http/static",
    # What makes and changes fonts, and writes them into PDF; plots are SVG and PNG.
    *(
        f"fontTools/{room}"
        for room in ("cu2qu", "feaLib", "mtiLib", "otlLib", "qu2cu", "ufoLib", "varLib", "voltLib")
    ),
    "matplotlib/mpl-data/fonts/afm",
    "matplotlib/mpl-data/fonts/pdfcorefonts",
    "matplotlib/mpl-data/sample_data",
    # A format of pictures that nothing here writes.
    "PIL/_avif.*.so",
    "pillow.libs/libavif-*",
    # For interpreters other than CPython.
    "zstandard/_cffi.*.so",
)


def main() -> None:
    """Remove what the patterns name."""
    packages = Path(sys.argv[1])
    for pattern in PATTERNS:
        for path in list(packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
