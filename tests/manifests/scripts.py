"""Runs a program of `deploy/k8s`."""

import os
import subprocess

from tests.manifests.rendering import K8S


def run(script, *arguments, **variables):
    return subprocess.run(
        [K8S / script, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
