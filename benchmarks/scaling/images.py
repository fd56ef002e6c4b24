"""The images that docker compose runs: ours, and those of others."""

from __future__ import annotations

import os
from collections.abc import Mapping

from benchmarks.harness.places import ROOT
from benchmarks.scaling.platform import Command, run

# Builds reach the packages the way this machine does; see scripts/images.sh.
_NETWORK = "host"
# Debian's packages on the base of our own images, so that no other registry is needed.
_STAND_INS = ROOT / "tests" / "containers" / "stand_ins"
_OTHERS = {"POSTGRES_IMAGE": "postgres", "BALANCER_IMAGE": "haproxy"}


def build_own(command: Command = run) -> None:
    """Build the images of both services; what did not change is not built again."""
    environment = {"NETWORK": _NETWORK, **os.environ}
    command(str(ROOT / "scripts" / "images.sh"), "training", "scoring", env=environment)


def others(environment: Mapping[str, str] = os.environ, command: Command = run) -> dict[str, str]:
    """Return the variables that name the images of PostgreSQL and HAProxy.

    One that the environment names is taken. Else it is built of Debian's package.
    """
    named = {}
    for variable, target in _OTHERS.items():
        named[variable] = environment.get(variable) or _build(target, environment, command)
    return named


def _build(target: str, environment: Mapping[str, str], command: Command) -> str:
    image, base = f"crispml-scaling-{target}", environment.get("BASE")
    network = ("--network", environment.get("NETWORK", _NETWORK))
    words = ("build", "--quiet", *network, "--target", target, "--tag", image)
    own_base = ("--build-arg", f"BASE={base}") if base else ()
    command("docker", *words, *own_base, str(_STAND_INS))
    return image
