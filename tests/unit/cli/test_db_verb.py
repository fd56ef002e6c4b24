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


def test_what_an_upgrade_would_do_is_listed(crispml_cli, tmp_path):
    (tmp_path / "empty.db").touch()
    url = f"sqlite:///{tmp_path / 'empty.db'}"

    before = json.loads(crispml_cli("db", "current", "--url", url, "--json").stdout)
    crispml_cli("db", "upgrade", "--url", url)
    after = json.loads(crispml_cli("db", "current", "--url", url, "--json").stdout)

    assert before["pending"][0] == {"revision": "0001", "kind": "expand"}
    assert before["pending"][-1]["revision"] == before["newest"]
    assert after["pending"] == []


def test_a_script_is_printed_and_nothing_else(crispml_cli):
    url = "postgresql+psycopg://ann:s3cret@db/crispml"

    printed = crispml_cli("db", "upgrade", "--sql", "--from", "none", "--url", url)

    assert printed.exit_code == 0, printed.stderr
    assert printed.stdout.startswith("BEGIN;")
    assert "CREATE TABLE score_rows" in printed.stdout
    assert "s3cret" not in printed.stdout + printed.stderr


def test_a_start_is_for_scripts_only(crispml_cli, tmp_path):
    result = crispml_cli(
        "db", "upgrade", "--from", "0003", "--url", f"sqlite:///{tmp_path / 'crispml.db'}"
    )

    assert result.exit_code == 2
    assert "--sql" in result.stderr
    assert not (tmp_path / "crispml.db").exists()
