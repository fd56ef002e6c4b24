"""Writes the software bill of materials (CycloneDX) of an image, from its pinned requirements.

Each image carries the one of its own environment, made when it is built. This one needs no image:
it says what would be in it, with the SHA-256 of every file that may be installed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SERVICES = ("training", "scoring")
# What the images are: markers that are not true there drop a requirement.
IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}
# Where packages come from is the business of whoever installs them, so no registry is named.
NO_INDEX = "urn:package-index"


def requirements(service: str) -> Iterator[str]:
    """Yield the requirements that hold in the image of a service, each with its hashes."""
    text = (ROOT / "requirements" / f"{service}.txt").read_text(encoding="utf-8")
    text = re.sub(r"\s*\\\n\s*", " ", text)
    for line in text.splitlines():
        if not line or line.lstrip().startswith("#"):
            continue
        wanted, *hashes = line.split(" --hash=")
        requirement = Requirement(wanted)
        if requirement.marker is None or requirement.marker.evaluate(IMAGE):
            requirement.marker = None
            yield " --hash=".join([str(requirement), *(item.strip() for item in hashes)])


def write(service: str, file: Path) -> None:
    """Write the bill of the image of a service; the same requirements give the same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(  # noqa: S603 - a program of our own environment
        [
            *(Path(sys.executable).with_name("cyclonedx-py"), "requirements"),
            *("--index-url", NO_INDEX, "--output-reproducible"),
            *("--pyproject", ROOT / "services" / service / "pyproject.toml"),
            *("--output-file", file, "-"),
        ],
        input="\n".join(requirements(service)) + "\n",
        text=True,
        check=True,
    )


def main() -> None:
    """Write the bills of all services into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist" / "sbom")
    folder = parser.parse_args().folder
    for service in SERVICES:
        write(service, folder / f"{service}.cdx.json")
        print(folder / f"{service}.cdx.json")


if __name__ == "__main__":
    main()
