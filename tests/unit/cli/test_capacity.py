"""``crispml capacity`` says what a rate takes, and asks no service for it."""

from __future__ import annotations

import json

import msgspec
import pytest

from crispml_core.capacity.measured import read

WISH = ("capacity", "--rate", "5000", "--p99-ms", "50")


def test_pods_memory_writes_and_storage_are_told_with_where_it_was_measured(crispml_cli, services):
    result = crispml_cli(*WISH, "--mean-rate", "800", "--retention-days", "90")

    assert result.exit_code == 0, result.output
    for line in ("pods ", "memory ", "commits ", "rows written ", "storage ", "kept "):
        assert f"\n{line}" in f"\n{result.stdout}"
    assert f"commit {read().on('postgresql').commit}" in result.stdout
    assert services.requests == []


def test_json_is_the_wish_the_plan_and_where_it_was_measured(crispml_cli):
    told = json.loads(crispml_cli(*WISH, "--spare", "2", "--json").stdout)

    assert told["asked"]["rate"] == 5000
    assert told["plan"]["pods"] >= 3
    assert told["plan"]["p99_ms_without_spare"] <= 50
    assert told["measured"]["commit"] == read().on("postgresql").commit
    assert told["database"] == "postgresql"


def test_what_is_not_possible_says_what_is(crispml_cli):
    result = crispml_cli("capacity", "--rate", "10", "--p99-ms", "0.01")

    assert result.exit_code == 1
    assert "not possible with any number of pods" in result.stderr
    assert "Traceback" not in result.output


def test_measurements_of_your_own_are_used(crispml_cli, tmp_path):
    document = msgspec.to_builtins(read())
    for one in document["databases"].values():
        one["commit"] = "ours"
        one["figures"]["request_cpu_us"] *= 10
    file = tmp_path / "ours.json"
    file.write_text(json.dumps(document))
    asked = ("capacity", "--rate", "50000", "--p99-ms", "500", "--json")

    shipped, ours = (json.loads(crispml_cli(*asked, *more).stdout) for more in ((), OWN))

    assert ours["measured"]["commit"] == "ours"
    assert ours["plan"]["pods"] > shipped["plan"]["pods"]
    assert ours["plan"]["cores"] > shipped["plan"]["cores"]


OWN = ("--measured", "ours.json")


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        (("--database", "oracle"), 1, "of postgresql and sqlite only"),
        (("--mean-rate", "6000"), 1, "at most the rate"),
        (("--spare", "-1"), 2, "--spare"),
        (("--most-used", "1"), 2, "--most-used"),
        (("--measured", "missing.json"), 2, "missing.json"),
    ],
)
def test_wrong_wishes_end_with_one_sentence(crispml_cli, more, status, said):
    result = crispml_cli(*WISH, *more)

    assert result.exit_code == status
    assert said in result.stderr
