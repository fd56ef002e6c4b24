"""A connection to a service without a network."""

from __future__ import annotations

from typing import Any

import pytest

from crispml_core.client.http import ServiceConnection


@pytest.fixture
def service(services: Any) -> Any:
    """Give services with a ``connection()`` that notes its ``pauses`` instead of taking them."""

    def connection(**options: Any) -> ServiceConnection:
        return ServiceConnection(
            "training",
            "http://127.0.0.1:8101",
            transport=services.transport,
            sleep=services.pauses.append,
            **options,
        )

    services.pauses, services.connection = [], connection
    return services
