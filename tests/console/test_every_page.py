"""What holds for each page: it can be used by everybody, on every screen, in both themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from crispml_console.pages import PAGES
from scripts.console_world import USE_CASE, World, settled

NAMES = [page.path for page in PAGES]
SERIOUS = {"serious", "critical"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out_and_each_fits_a_telephone_and_a_wall(
    visit: Callable[..., Page], suite: World, scheme: str
):
    page = visit("", scheme=scheme)
    found: dict[str, list[str]] = {}
    for name in NAMES:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{suite.url}/{name}?use_case={USE_CASE}")
        settled(page)
        violations = Axe().run(page).response["violations"]
        found[name] = [
            f"{each['id']}: {node['html'][:120]}"
            for each in violations
            if each["impact"] in SERIOUS
            for node in each["nodes"]
        ]
        for width in (360, 3840):
            page.set_viewport_size({"width": width, "height": 900})
            over = _too_wide(page)
            found[name] += [f"{over} pixels too wide at {width}"] if over > 0 else []
    assert found == {name: [] for name in NAMES}


def _too_wide(page: Page) -> int:
    """Return by how much a page is wider than the screen, once its plots have their new size."""
    over = 0
    for _ in range(50):
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if over <= 0:
            return 0
        page.wait_for_timeout(100)
    return int(over)


def test_every_page_that_is_offered_opens_by_the_keyboard(visit: Callable[..., Page]):
    page = visit("")
    for shown in PAGES:
        page.get_by_role("link", name=shown.title, exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name=shown.title)).to_be_visible()


def test_what_a_role_may_not_see_is_not_offered(visit: Callable[..., Page], suite: World):
    page = visit("", key=suite.key("scorer", name="shop"))
    offered = page.locator("nav.side a").all_inner_texts()
    hidden = {shown.title for shown in PAGES if shown.needs} - set(offered)
    assert "Audit and access" not in offered
    for shown in PAGES:
        if shown.title in hidden:
            page.goto(f"{suite.url}/{shown.path}")
            settled(page)
            # The frame is there, and nothing of a service: nobody asked in the name of the scorer.
            expect(page.locator("main table")).to_have_count(0)


def test_the_theme_that_was_chosen_stays(visit: Callable[..., Page]):
    page = visit("")
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
