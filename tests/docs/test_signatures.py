"""An auditor can verify a version with the commands of the page, and finds what was altered."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from crispml_core.adapters.signing import Ed25519Signer, TrustedKeys, make_key
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from tests.contract.test_model_registry import manifest

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text()


@pytest.fixture
def verify(tmp_path):
    """Run the commands of the page on a version; returns the exit status and what was printed."""
    make_key(tmp_path / "key.pem", tmp_path / "trusted")
    signer = Ed25519Signer(tmp_path / "key.pem")
    registry = VolumeModelRegistry(tmp_path, signer, TrustedKeys(tmp_path / "trusted"))
    version = registry.publish(manifest(), {"golden.json": b"[]", "model.skops": b"m"}).version
    folder = tmp_path / "models" / "credit" / version
    public = tmp_path / "trusted" / f"{signer.key_id}.pem"
    (block,) = re.findall(r"## Verify by hand\n.*?```\n(.*?)```", PAGE, re.DOTALL)
    script = block.replace("cd models/german_credit/20260301-120000-0a1b2c3d", f"cd {folder}")
    script = script.replace("KEY.pem", str(public))
    script = script.replace("/tmp/signature.bin", str(tmp_path / "signature.bin"))

    def run():
        done = subprocess.run(
            ["bash", "-c", f"set -eo pipefail\n{script}"], capture_output=True, text=True
        )
        return done.returncode, done.stdout

    run.folder, run.key_id = folder, signer.key_id
    run.digest = registry.digest("credit", version)
    return run


pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")


def test_a_version_is_verified_by_hand(verify):
    status, said = verify()
    assert status == 0
    assert said.splitlines()[0] == verify.key_id
    assert said.count(verify.key_id) == 2
    assert "Signature Verified Successfully" in said
    assert verify.digest in said
    assert "golden.json: OK" in said
    assert "model.skops: OK" in said


CHANGES = {
    "manifest.json": lambda content: content.replace(b'"seed": 0', b'"seed": 1'),
    "model.skops": lambda content: content + b"x",
    "signature.json": lambda content: content[:-10] + bytes([content[-10] ^ 1]) + content[-9:],
}


@pytest.mark.parametrize("file", CHANGES)
def test_an_altered_file_is_found_by_hand(verify, file):
    assert verify()[0] == 0
    content = (verify.folder / file).read_bytes()
    (verify.folder / file).write_bytes(CHANGES[file](content))
    assert (verify.folder / file).read_bytes() != content
    assert verify()[0] != 0
