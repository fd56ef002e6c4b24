"""Run the service: ``python -m crispml_training``; with ``openapi`` print its document."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    # Nothing that a start makes is garbage, and looking for some takes a twentieth of its time; the
    # server turns the collector on again.
    gc.disable()

    from crispml_core.bootstrap.training import build
    from crispml_core.rest.server import main
    from crispml_training.app import PORT, create_app

    main("training", PORT, build, create_app)
