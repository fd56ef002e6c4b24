"""How fast the console is in a browser: its first page, and what somebody does there.

Serves the three services with a filled world and drives Chromium. A first page is opened in a new
profile that holds nothing but the cookie of somebody who signed in, and is usable when it is
connected and everything that it asked the services for is there. An interaction lasts from its
event to the first change of what it is about; of that time the services' own share is told apart,
as the console itself counts it. Prints one JSON line; what stands for all is the 95th percentile of
the slowest.

    python -m benchmarks.console_speed [--rounds 20]
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from crispml_console.pages import PAGES
from scripts.console_world import USE_CASE, World, console_world, settled

TABLE = "#entries tbody"
ENTRIES, WAIT_MS = 60, 60_000.0
# The page has settled when it begins; a change is seen by the observer before it is painted.
TIMED = """([kind, target, shown]) => new Promise(resolve => {
  const text = () => document.querySelector(shown)?.textContent ?? null;
  const before = text(), element = document.querySelector(target), began = performance.now();
  new MutationObserver((_, observer) => {
    const now = text();
    if (now === null || now === before) return;
    observer.disconnect();
    resolve(performance.now() - began);
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
  if (kind === "click") element.click();
  else {
    element.value = kind;
    element.dispatchEvent(new Event("change", {bubbles: true}));
  }
})"""


@dataclass(frozen=True, slots=True)
class Interaction:
    """Something that somebody does on a page, and again after it was undone.

    Parameters
    ----------
    steps : sequence of tuple
        ``click`` or a value to choose, the element, and whose change is waited for.
    call : str
        The call of the services that it waits for; empty without one.
    """

    name: str
    address: str
    steps: Sequence[tuple[str, str, str]]
    call: str = ""


INTERACTIONS = (
    Interaction(
        "next_page",
        "audit",
        [("click", "#entries_older", TABLE), ("click", "#entries_newer", TABLE)],
        "audit_entries",
    ),
    Interaction(
        "filter", "audit", [("2xx", "#outcome", TABLE), ("", "#outcome", TABLE)], "audit_entries"
    ),
    Interaction("show_as_code", "audit", [("click", "#find_code", ".modal-body")]),
    Interaction(
        "field",
        f"monitoring?use_case={USE_CASE}&period=day",
        [("purpose", "#field", "#drift_field h3"), ("age", "#field", "#drift_field h3")],
        "drift",
    ),
)


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure and return the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args(arguments).rounds
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("there is no chromium here; Debian's package is called so")
    with (
        tempfile.TemporaryDirectory() as folder,
        console_world(Path(folder)) as world,
        sync_playwright() as playwright,
    ):
        # Within a container there is no other sandbox to be had for root.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        cookies = _signed_in(browser, world)
        _make_entries(world)
        pages = {
            page.path or "overview": _first_page(browser, world, cookies, page.path, rounds)
            for page in PAGES
        }
        context = browser.new_context()
        context.add_cookies(cookies)
        done = {each.name: _interaction(context, world, each, rounds) for each in INTERACTIONS}
        browser.close()
    figures = {
        "first_page_s": pages["overview"]["p95_s"],
        "slowest_page_s": max(page["p95_s"] for page in pages.values()),
        "interaction_ms": max(each["console_p95_ms"] for each in done.values()),
        "pages": pages,
        "interactions": done,
        "rounds": rounds,
    }
    print(json.dumps(figures))
    return figures


def _signed_in(browser: Browser, world: World) -> list[Any]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{world.url}/sign-in")
    page.get_by_label("API key").fill(world.admin_key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("nav.side")
    cookies = context.cookies()
    context.close()
    return list(cookies)


def _make_entries(world: World) -> None:
    """Do what is audited until the audit log has several pages."""
    key = world.client.training.use_case(USE_CASE).record_key
    for _ in range(ENTRIES):
        pairs = zip(world.records[:1], world.actuals[:1], strict=True)
        rows = [{"record_key": record[key], "label": truth} for record, truth in pairs]
        world.client.scoring.label(USE_CASE, rows)


def _first_page(
    browser: Browser, world: World, cookies: list[Any], path: str, rounds: int
) -> dict[str, float]:
    took = []
    for _ in range(rounds):
        context = browser.new_context()
        context.add_cookies(cookies)
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(f"{world.url}/{path}?use_case={USE_CASE}")
        settled(page)
        took.append(time.perf_counter() - begun)
        context.close()
    return {"median_s": round(statistics.median(took), 3), "p95_s": round(_p95(took), 3)}


def _interaction(
    context: BrowserContext, world: World, wanted: Interaction, rounds: int
) -> dict[str, float]:
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{world.url}/{wanted.address}")
    settled(page)
    total, own = [], []
    for place in range(rounds):
        kind, target, shown = wanted.steps[place % len(wanted.steps)]
        page.wait_for_selector(target, state="attached")
        before = _of_services(world, wanted.call)
        took = float(page.evaluate(TIMED, [kind, target, shown]))
        total.append(took)
        own.append(took - 1000 * (_of_services(world, wanted.call) - before))
        _undo(page)
    page.close()
    return {
        "median_ms": round(statistics.median(total), 1),
        "p95_ms": round(_p95(total), 1),
        "console_p95_ms": round(_p95(own), 1),
    }


def _undo(page: Page) -> None:
    """Close what an interaction opened, and wait until the page has nothing to do."""
    if page.locator(".modal.show").count():
        page.keyboard.press("Escape")
        page.locator(".modal").first.wait_for(state="detached")
    settled(page)


def _of_services(world: World, call: str) -> float:
    """Return how long the console has waited for a call, in seconds."""
    if not call:
        return 0.0
    text = httpx.get(f"{world.url}/metrics").text
    name = "crispml_console_call_duration_seconds_sum"
    found = re.findall(rf'^{name}{{[^}}]*method="{call}"[^}}]*}} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[round(0.95 * (len(values) - 1))]


if __name__ == "__main__":
    main()
