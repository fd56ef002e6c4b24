from __future__ import annotations

import json


def test_a_new_key_is_made_and_a_newer_one_only_when_asked_for(crispml_cli, tmp_path):
    file = tmp_path / "keys" / "pseudonyms.key"

    made = json.loads(crispml_cli("privacy", "new-key", str(file), "--json").stdout)
    again = crispml_cli("privacy", "new-key", str(file))
    newer = json.loads(crispml_cli("privacy", "new-key", str(file), "--rotate", "--json").stdout)

    assert made == {"key_id": "k1", "key_file": str(file)}
    assert again.exit_code == 1
    assert "--rotate" in again.stderr
    assert newer["key_id"] == "k2"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_not_there_has_no_newer_key(crispml_cli, tmp_path):
    done = crispml_cli("privacy", "new-key", str(tmp_path / "none.key"), "--rotate")
    assert done.exit_code != 0
    assert "cannot be read" in done.stderr
