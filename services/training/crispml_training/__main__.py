"""Run the service: ``python -m crispml_training``; with ``openapi`` print its document."""

from __future__ import annotations

import gc
import os
import signal

if __name__ == "__main__":
    # The first process of a container ignores what it has no handler for: a service that is asked
    # to stop while it still starts would be waited for, and then killed. It ends at once, without
    # an exception: whatever is being imported or called back may make another error of that.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    # Nothing that a start makes is garbage, and looking for some takes a twentieth of its time; the
    # server turns the collector on again.
    gc.disable()
    # To look for plugins of its own, pydantic reads what every package that is installed says of
    # itself. Whoever has one says so by this variable.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

    from crispml_core.rest.light_start import start_lightly

    start_lightly()

    from crispml_core.bootstrap.training import build
    from crispml_core.rest.server import main
    from crispml_training.app import PORT, create_app

    main("training", PORT, build, create_app)
