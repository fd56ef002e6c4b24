"""Bundles over REST."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

VERSION = "20260101-000000-abcdef01"
BUNDLE = f"/api/v1/models/toy/versions/{VERSION}/bundle"
APPROVALS = f"/api/v1/models/toy/versions/{VERSION}/approvals"
IMPORTS = "/api/v1/bundles"
TAR = {"Content-Type": "application/x-tar"}


@pytest.fixture
def released(training: Any, scoring: Any) -> Any:
    """A training service with a version that is champion."""
    manifest = scoring.parts.models.get("toy", VERSION)
    training.parts.models.publish(manifest, {"model.skops": b"m", "golden.json": b"[]"})
    training.parts.training.move_alias("toy", "champion", VERSION, expected=None, reason="good")
    return training


def test_a_bundle_is_a_tar_file_of_known_length_and_digest(released: Any) -> None:
    answer = released.client.get(BUNDLE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-tar")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert f"toy-{VERSION}.bundle.tar" in answer.headers["Content-Disposition"]
    assert released.client.get(BUNDLE).content == answer.content
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        names = archive.getnames()
        seal = archive.extractfile("bundle.sha256").read().decode()  # type: ignore[union-attr]
    assert names == [
        *("bundle.json", "approvals.json", "gates.json", "lineage.json"),
        *("version/manifest.json", "version/golden.json", "version/model.skops"),
        "bundle.sha256",
    ]
    assert answer.headers["ETag"] == f'"{seal.split()[0]}"'


def test_the_moves_that_bind_a_version_can_be_read(released: Any) -> None:
    (approval,) = released.client.get(APPROVALS).json()["items"]
    assert (approval["alias"], approval["reason"]) == ("champion", "good")
    assert approval["digest"] == released.parts.models.digest("toy", VERSION)


@pytest.mark.parametrize("path", [BUNDLE, APPROVALS])
def test_there_is_nothing_of_an_unknown_version(released: Any, path: str) -> None:
    answer = released.client.get(path.replace(VERSION, "CANARY"))
    assert (answer.status_code, answer.json()["code"]) == (404, "model_version_not_found")
    assert "CANARY" not in answer.text


def bad_bodies() -> list[Any]:
    link = tarfile.TarInfo("version/model.skops")
    link.type, link.linkname = tarfile.SYMTYPE, "CANARY"
    return [
        (b"", TAR, 422),
        (b"CANARY" * 200, TAR, 400),
        (link.tobuf() + bytes(1024), TAR, 400),
        (tarfile.TarInfo("../CANARY").tobuf() + bytes(1024), TAR, 400),
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"{}", {}, 415),
        (bytes(200_000), TAR, 413),
    ]


@pytest.mark.parametrize(("content", "headers", "status"), bad_bodies())
def test_a_body_that_is_no_bundle_is_refused(
    training: Any, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = training.client.post(IMPORTS, content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert "CANARY" not in answer.text
    assert training.client.get(IMPORTS).json()["items"] == []
    assert training.parts.models.models() == []


def test_a_bundle_that_does_not_fit_is_refused_and_the_fields_are_named(released: Any) -> None:
    content = released.client.get(BUNDLE).content
    answer = released.client.post(IMPORTS, content=content, headers=TAR)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "fields that differ: order_id" in answer.json()["detail"]


def test_imports_are_listed_page_by_page(training: Any) -> None:
    from crispml_core.domain.bundles import BundleImport
    from crispml_core.domain.identifiers import utc_now

    for number in range(3):
        record = BundleImport(
            bundle=f"{number}" * 64,
            model="toy",
            version="v",
            digest="d" * 64,
            environment="qa",
            imported_at=utc_now(),
        )
        training.parts.training.stores.imports.add(record, [])
    page = training.client.get(IMPORTS, params={"limit": 2, "model": "toy"}).json()
    assert [item["bundle"][0] for item in page["items"]] == ["2", "1"]
    rest = training.client.get(IMPORTS, params={"cursor": page["next_cursor"]}).json()
    assert [item["bundle"][0] for item in rest["items"]] == ["0"]
    assert training.client.get(IMPORTS, params={"model": "other"}).json()["items"] == []


def test_a_move_that_the_rules_refuse_is_a_conflict(released: Any) -> None:
    from dataclasses import replace

    from crispml_core.governance.promotion import PromotionRules

    released.parts.training.stores = replace(
        released.parts.training.stores, rules=PromotionRules(environment="prod")
    )
    answer = released.client.put(
        "/api/v1/models/toy/aliases/champion",
        content=json.dumps({"version": VERSION, "reason": "because"}),
        headers={"If-Match": "*", "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "promotion_refused")
    assert "gates" in answer.json()["detail"]
