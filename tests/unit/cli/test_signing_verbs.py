from __future__ import annotations

import json
from pathlib import Path


def test_a_new_key_says_where_it_lies(crispml_cli, tmp_path):
    made = json.loads(crispml_cli("signing", "new-key", "--environment", "qa", "--json").stdout)

    assert Path(made["key_file"]).stat().st_mode & 0o777 == 0o600
    assert Path(made["public_key"]) == Path(".crispml/signing/trusted/qa") / f"{made['key_id']}.pem"
    assert "PUBLIC KEY" in Path(made["public_key"]).read_text()


def test_a_key_that_is_there_stays(crispml_cli, tmp_path):
    file = tmp_path / "key.pem"
    crispml_cli("signing", "new-key", "--key-file", str(file))
    before = file.read_bytes()

    again = crispml_cli("signing", "new-key", "--key-file", str(file))

    assert again.exit_code == 1
    assert "stays as it is" in again.stderr
    assert file.read_bytes() == before
