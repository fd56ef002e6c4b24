"""Writes a picture of each page of the console in both themes to ``docs/console/``."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from crispml_console.pages import PAGES
from scripts.console_world import USE_CASE, World, console_world, settled

FOLDER = Path(__file__).parents[1] / "docs" / "console"
THEMES = ("light", "dark")
SIZE = {"width": 1280, "height": 800}
_QUIET_MS, _LONGEST_MS = 1500, 60_000.0


def addresses(world: World) -> dict[str, str]:
    """Return the address of each page, with something chosen where there is a choice."""
    version = world.client.training.alias(USE_CASE, "champion").version
    run = next(iter(world.client.training.runs(use_case=USE_CASE, limit=1)))
    chosen = {"models": f"version={version}", "cycle": f"run={run.id}"}
    return {
        page.path or "overview": f"{page.path}?use_case={USE_CASE}&{chosen.get(page.path, '')}"
        for page in PAGES
    }


def main() -> None:
    """Write them all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", help="pages to write; all without any")
    wanted = parser.parse_args().pages
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("there is no chromium here; Debian's package is called so")
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        console_world(Path(folder)) as world,
        sync_playwright() as playwright,
    ):
        # Within a container there is no other sandbox to be had for root.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme in THEMES:
            page = _signed_in(browser, world, theme)
            for name, address in addresses(world).items():
                if not wanted or name in wanted:
                    _write(page, f"{world.url}/{address}", FOLDER / f"{name}-{theme}.png")
        browser.close()


def _signed_in(browser: Browser, world: World, theme: str) -> Page:
    context = browser.new_context(color_scheme=theme, viewport=SIZE, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(_LONGEST_MS)
    page = context.new_page()
    page.goto(f"{world.url}/sign-in")
    page.get_by_label("API key").fill(world.admin_key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("nav.side")
    return page


def _write(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    settled(page)
    # Plots are drawn after what they are of has come.
    page.wait_for_timeout(_QUIET_MS)
    page.screenshot(path=file)
    print(file.relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main()
