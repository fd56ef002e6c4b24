"""Secret keys in files: made for oneself, read by nobody else, newer ones added at the end."""

import pytest

from crispml_core.adapters.secret_keys import add_key, make_keys, read_keys
from crispml_core.domain.errors import InvalidInput

SETTING = "CRISPML_PRIVACY__MASTER_KEY_FILE"


def test_a_key_is_made_once_and_for_oneself(tmp_path):
    file = tmp_path / "keys" / "master.key"
    assert make_keys(file) == "k1"
    assert file.stat().st_mode & 0o777 == 0o600
    keys = read_keys(file, SETTING)
    assert [key.key_id for key in keys.keys] == ["k1"]
    with pytest.raises(FileExistsError):
        make_keys(file)
    assert read_keys(file, SETTING) == keys


def test_a_newer_key_comes_behind_the_others(tmp_path):
    file = tmp_path / "master.key"
    make_keys(file)
    before = read_keys(file, SETTING)
    assert [add_key(file, SETTING) for _ in range(2)] == ["k2", "k3"]
    after = read_keys(file, SETTING)
    assert after.first == before.first
    assert after.newest.key_id == "k3"
    assert len({key.secret for key in after.keys}) == 3
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["master.key"]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    file = tmp_path / "master.key"
    make_keys(file)
    file.chmod(mode)
    with pytest.raises(InvalidInput, match=f"others can read the file that {SETTING}"):
        read_keys(file, SETTING)


@pytest.mark.parametrize("content", ["", "k1 short\n", "\x00\xff"])
def test_a_file_without_keys_is_refused_by_the_name_of_its_setting(tmp_path, content):
    file = tmp_path / "master.key"
    file.write_text(content, encoding="latin-1")
    file.chmod(0o600)
    with pytest.raises(InvalidInput, match=SETTING):
        read_keys(file, SETTING)
    with pytest.raises(InvalidInput, match=SETTING):
        read_keys(tmp_path / "missing", SETTING)
