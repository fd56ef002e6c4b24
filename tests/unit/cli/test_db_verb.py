from __future__ import annotations

import json


def test_upgrade_makes_folder_and_tables_and_may_run_twice(crispml_cli, tmp_path):
    url = f"sqlite:///{tmp_path / 'deep' / 'down' / 'crispml.db'}"

    first = crispml_cli("db", "upgrade", "--url", url, "--json")
    second = crispml_cli("db", "upgrade", "--url", url, "--json")

    assert first.exit_code == 0, first.stderr
    assert json.loads(first.stdout) == json.loads(second.stdout)
    current = json.loads(crispml_cli("db", "current", "--url", url, "--json").stdout)
    assert current["revision"] == current["newest"] == json.loads(first.stdout)["revision"]
    assert crispml_cli("db", "check", "--url", url).exit_code == 0


def test_check_fails_before_the_first_upgrade(crispml_cli, tmp_path):
    (tmp_path / "empty.db").touch()

    result = crispml_cli("db", "check", "--url", f"sqlite:///{tmp_path / 'empty.db'}")

    assert result.exit_code == 1
    assert "crispml db upgrade" in result.stderr


def test_the_setting_is_the_default(crispml_cli, tmp_path):
    url = f"sqlite:///{tmp_path / 'crispml.db'}"

    crispml_cli("db", "upgrade", env={"CRISPML_DATABASE__URL": url})

    assert (tmp_path / "crispml.db").stat().st_size > 0


def test_a_url_that_is_none_is_named_but_not_repeated(crispml_cli):
    result = crispml_cli("db", "upgrade", "--url", "secret@nowhere")

    assert result.exit_code == 1
    assert "database URL" in result.stderr
    assert "secret" not in result.stderr
