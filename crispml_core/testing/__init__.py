"""What authors of use cases and of adapters test with.

`check_use_case` and one in-memory fake per port. Nothing that runs in production imports this room
(only tests and ``crispml use-case check`` do), and importing it needs no test framework.
"""

from crispml_core.testing.use_case import check_use_case

__all__ = ["check_use_case"]
