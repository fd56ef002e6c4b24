"""``python -m crispml_core.cli``, the same as ``crispml``."""

from crispml_core.cli import main

main()
