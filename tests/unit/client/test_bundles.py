from __future__ import annotations

import httpx
import pytest

from crispml_core.client import RequestRefused
from crispml_core.client.training import TrainingClient

BUNDLE = "/api/v1/models/credit/versions/v1/bundle"


@pytest.fixture
def training(service):
    return TrainingClient(service.connection())


def test_a_bundle_is_read_piece_by_piece_with_its_digest(service, training):
    read = []

    def pieces():
        for piece in (b"one", b"two"):
            read.append(piece)
            yield piece

    service.on("GET", BUNDLE, httpx.Response(200, content=pieces(), headers={"ETag": '"d1"'}))
    with training.open_bundle("credit", "v1") as (digest, chunks):
        assert (digest, read) == ("d1", [])
        assert next(chunks) == b"one"
        assert read == [b"one"]


def test_a_bundle_that_is_not_there_leaves_no_file(service, training, tmp_path):
    service.on("GET", BUNDLE, httpx.Response(404, json={"detail": "there is no version v1"}))
    with pytest.raises(RequestRefused, match="there is no version"):
        training.export_bundle("credit", "v1", tmp_path / "b.tar")
    assert list(tmp_path.iterdir()) == []
