"""Prints the notes of one version out of CHANGELOG.md, or makes them a release in GitLab.

A version that is `unreleased` has notes and is no release: its tag is refused.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from urllib import error, parse, request

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
_HEADING = re.compile(r"^## +(?P<version>\S+?)(?:, *(?P<date>.+?))? *$", re.MULTILINE)


def notes(changelog: str, version: str) -> tuple[str, str]:
    """Return the date of a version, which may be ``unreleased``, and its notes.

    Raises
    ------
    LookupError
        If the changelog has no such version.
    """
    headings = list(_HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    for heading, end in zip(headings, ends, strict=True):
        if heading["version"] == version:
            return heading["date"] or "", changelog[heading.end() : end].strip() + "\n"
    raise LookupError(f"CHANGELOG.md has no version {version}")


def publish(gitlab: str, project: str, tag: str, text: str) -> None:
    """Make the release of a tag in GitLab; one that is there gets these notes."""
    address = f"{gitlab}/api/v4/projects/{parse.quote(project, safe='')}/releases"
    content = {"tag_name": tag, "name": tag, "description": text}
    try:
        _send("POST", address, content)
    except error.HTTPError as refused:
        if refused.code != 409:
            raise
        _send("PUT", f"{address}/{parse.quote(tag, safe='')}", content)


def _send(method: str, address: str, content: dict[str, str]) -> None:
    token = os.environ["GITLAB_TOKEN"]
    name = os.environ.get("GITLAB_TOKEN_HEADER", "PRIVATE-TOKEN")
    headers = {"Content-Type": "application/json", name: token}
    call = request.Request(address, json.dumps(content).encode(), headers, method=method)  # noqa: S310
    request.urlopen(call, timeout=30).close()  # noqa: S310 - the address is the caller's GitLab


def main() -> None:
    """Print the notes, or publish them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="as in 0.2.0 or v0.2.0")
    parser.add_argument("--changelog", type=Path, default=CHANGELOG)
    parser.add_argument("--publish", metavar="URL", help="of a GitLab; GITLAB_TOKEN has the token")
    parser.add_argument("--project", help="the number or the path of the project there")
    asked = parser.parse_args()
    try:
        date, text = notes(asked.changelog.read_text("utf-8"), asked.version.removeprefix("v"))
    except LookupError as unknown:
        sys.exit(str(unknown))
    if not asked.publish:
        sys.stdout.write(text)
        return
    if not asked.project:
        parser.error("--publish needs --project")
    if date in ("", "unreleased"):
        sys.exit("CHANGELOG.md gives the version no date: it is not released")
    publish(asked.publish.rstrip("/"), asked.project, asked.version, text)


if __name__ == "__main__":
    main()
