"""scikit-learn in, plans out: what a fitted pipeline does, as plain data.

One module per part of a pipeline. Whatever is not covered raises `NotCompilable` with its name, and
scikit-learn serves. Nothing here runs in a process that only scores.
"""

from crispml_core.adapters.compilers.compiler import SklearnModelCompiler

__all__ = ["SklearnModelCompiler"]
