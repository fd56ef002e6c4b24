"""A scoring service of prod, built from settings: what it lets answer."""

import pytest

from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.bootstrap.scoring import build
from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.errors import NotFound

NAME = "patience"


@pytest.fixture
def prod(settings):
    parts = build(settings.model_copy(update={"environment": "prod"}))
    yield parts
    parts.close()


@pytest.fixture
def aliases(settings):
    engine = make_engine(settings.database.url.get_secret_value())
    yield SqlAliasLog(engine, environment="prod")
    engine.dispose()


@pytest.mark.parametrize(
    ("alias", "traffic", "admits"),
    [
        ("champion", 0.0, True),
        ("fallback", 0.0, True),
        ("challenger", 0.1, True),
        ("challenger", 0.0, False),
        ("candidate", 0.0, False),
    ],
)
def test_a_version_is_asked_by_name_only_after_the_rules_let_it_answer(
    prod, aliases, alias, traffic, admits
):
    for _ in range(2):
        with pytest.raises(PromotionRefused):
            prod.engine.models.version(NAME, "v1")
    aliases.move(NAME, alias, "v1", expected=None, traffic=traffic, reason="for the test")
    # What is let in is looked for, and this one does not exist.
    with pytest.raises(NotFound if admits else PromotionRefused):
        prod.engine.models.version(NAME, "v1")
    with pytest.raises(PromotionRefused):
        prod.engine.models.version(NAME, "v2")


def test_an_alias_of_ones_own_is_no_way_around(prod, aliases):
    aliases.move(NAME, "candidate", "v1", expected=None, reason="for the test")
    with pytest.raises(PromotionRefused, match="never let this version answer"):
        prod.engine.models.resolve(NAME, "candidate")


def test_elsewhere_everything_may_be_tried(settings):
    parts = build(settings)
    try:
        with pytest.raises(NotFound):
            parts.engine.models.version(NAME, "v1")
    finally:
        parts.close()
