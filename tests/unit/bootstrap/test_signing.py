"""Which key a service signs with, and whose signatures it believes."""

from __future__ import annotations

import pytest

from crispml_core.adapters.signing import make_key
from crispml_core.bootstrap.signing import make_signer, make_verifier
from crispml_core.domain.errors import InvalidInput, UntrustedSignature
from crispml_core.settings import CrispMLSettings, SigningSettings


@pytest.fixture
def settings(tmp_path):
    def make(environment="dev", mode="required"):
        signing = SigningSettings(
            mode=mode, key_file=tmp_path / f"{environment}.pem", trusted=tmp_path / "trusted"
        )
        return CrispMLSettings().model_copy(update={"environment": environment, "signing": signing})

    return make


def test_dev_makes_its_key_once(settings):
    first, second = make_signer(settings()), make_signer(settings())

    assert first.key_id == second.key_id
    make_verifier(settings()).verify(b"x", first.sign(b"x"))


@pytest.mark.parametrize("environment", ["qa", "prod"])
def test_elsewhere_somebody_has_to_make_it(settings, environment, tmp_path):
    with pytest.raises(InvalidInput, match="crispml signing new-key"):
        make_signer(settings(environment))
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_nobody_here_trusts_does_not_sign(settings, tmp_path):
    make_key(tmp_path / "qa.pem", tmp_path / "trusted" / "dev")
    with pytest.raises(InvalidInput, match=r"no public key .* in its folder qa"):
        make_signer(settings("qa"))


def test_the_key_of_one_environment_does_not_count_in_another(settings):
    signature = make_signer(settings()).sign(b"x")
    with pytest.raises(UntrustedSignature):
        make_verifier(settings("prod")).verify(b"x", signature)


def test_where_signing_is_off_there_is_no_key(settings, tmp_path):
    assert make_signer(settings(mode="off")) is None
    assert make_verifier(settings(mode="off")) is None
    assert list(tmp_path.iterdir()) == []
