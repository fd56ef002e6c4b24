"""Run the service: ``python -m crispml_scoring``; with ``openapi`` print its document."""

from __future__ import annotations

from crispml_core.bootstrap.scoring import build
from crispml_core.rest.server import main
from crispml_scoring.app import PORT, create_app

if __name__ == "__main__":
    main("scoring", PORT, build, create_app)
