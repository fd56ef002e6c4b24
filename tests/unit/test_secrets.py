"""Secrets are in no text that is made of settings, and in no file that images are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, SecretStr

from crispml_core.adapters.sources.sql.session import SourceDatabase
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.webhook.sender import WebhookSender
from crispml_core.domain.errors import CrispMLError
from crispml_core.settings import CrispMLSettings

ROOT = Path(__file__).parents[2]
CANARY = "CANARY4711"
# What is told to nobody by its name, unless it names a file or is a digest.
SECRET = re.compile(r"password|secret|token|headers$|^key$|(^|_)url$")
# An address whose token is a setting of its own; which kind of token is taken.
OPEN = {"influx.url", "auth.oidc_tokens"}


def fields() -> Iterator[tuple[str, object]]:
    for concern, field in CrispMLSettings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            for name, inner in type(default).model_fields.items():
                yield f"{concern}.{name}", inner.annotation
        else:
            yield concern, field.annotation


def test_what_may_hold_a_secret_is_declared_as_one() -> None:
    declared = {name for name, kind in fields() if SecretStr in (kind, *get_args(kind))}
    named = {name for name, _ in fields() if SECRET.search(name.rpartition(".")[2])}
    assert "database.url" in declared
    assert named - declared - OPEN == set()


def test_no_text_of_the_settings_shows_a_secret() -> None:
    url = f"postgresql+psycopg://user:{CANARY}@host/db"
    settings = CrispMLSettings.model_validate(
        {
            "database": {"url": url},
            "connections": {"warehouse": url},
            "influx": {"token": CANARY},
            "tracing": {"headers": f"authorization={CANARY}"},
            "monitor": {"webhook_url": f"https://h/{CANARY}", "webhook_secret": CANARY * 3},
        }
    )
    for text in (repr(settings), str(settings), settings.model_dump_json(), f"{settings.database}"):
        assert CANARY not in text


@pytest.mark.parametrize(
    "url",
    [f"postgresql+psycopg://u:{CANARY}@h:x/d", f"nothing+{CANARY}://u@h/d", f"{CANARY}@"],
)
def test_a_wrong_address_is_refused_without_being_shown(url: str) -> None:
    for make in (make_engine, lambda url: SourceDatabase("toy", url, 1.0)):
        with pytest.raises(CrispMLError) as refused:
            make(url)
        assert CANARY not in str(refused.value)


def test_what_holds_a_secret_does_not_show_it() -> None:
    engine = make_engine(f"postgresql+psycopg://u:{CANARY}@h/d")
    held = [engine, engine.url, sa.make_url(f"db2://u:{CANARY}@h/d")]
    held.append(WebhookSender(f"https://h/{CANARY}", CANARY.encode()))  # type: ignore[arg-type]
    assert CANARY not in "".join(f"{thing!r}{thing}" for thing in held)


@pytest.mark.parametrize("service", ["training", "scoring"])
def test_no_secret_is_baked_into_an_image(service: str) -> None:
    text = (ROOT / "services" / service / "Dockerfile").read_text(encoding="utf-8")
    told = re.findall(r"^(?:ENV|ARG)\s+(.*)$", text, re.MULTILINE)
    assert told
    assert [line for line in told if re.search(r"PASSWORD|SECRET|TOKEN|_KEY|URL", line)] == []
    copied = " ".join(re.findall(r"^COPY\s+(.*)$", text, re.MULTILINE))
    assert not re.search(r"\.env|\.crispml|(^|\s)\.\s", copied)


def test_the_composition_of_containers_names_secrets_and_holds_none() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    named = re.findall(r"^\s*\w*(?:PASSWORD|TOKEN|SECRET)\w*:\s*(.+)$", text, re.MULTILINE)
    assert named
    assert [value for value in named if not value.strip("\"'").startswith("$")] == []
