"""Run the service: ``python -m crispml_training``; with ``openapi`` print its document."""

from __future__ import annotations

from crispml_core.bootstrap.training import build
from crispml_core.rest.server import main
from crispml_training.app import PORT, create_app

if __name__ == "__main__":
    main("training", PORT, build, create_app)
