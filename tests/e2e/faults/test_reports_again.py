"""A report is the same to the byte after corrections, by another process, with other threads."""

from __future__ import annotations

import msgspec

from benchmarks.faults.world import SCORE, USE_CASE, body

JSON = {"Content-Type": "application/json"}
BASE = f"/api/v1/use-cases/{USE_CASE}"


def post(service, path, content):
    status, answer = service.ask("POST", path, msgspec.json.encode(content), JSON)
    assert status in (200, 201), answer
    return msgspec.json.decode(answer)


def read(service, made, media):
    status, answer = service.ask("GET", f"/api/v1/reports/{made['id']}", b"", {"Accept": media})
    assert status == 200
    return answer


def score(service, keys):
    content = b"[" + b",".join(body(key) for key in keys) + b"]"
    status, _ = service.ask("POST", SCORE, content, JSON)
    assert status == 200


def label(service, keys, value):
    rows = [{"record_key": key, "label": value(place)} for place, key in enumerate(keys)]
    post(service, f"{BASE}/new-data-label", {"labels": rows})


def test_a_report_of_then_is_the_same_after_corrections_and_by_another_process(
    serve, world, monkeypatch
):
    keys = [f"k{number}" for number in range(120)]
    service = serve()
    score(service, keys)
    label(service, keys[:90], lambda place: ("no", "yes")[place % 2])
    first = post(service, f"{BASE}/new-data-report", {})
    as_of = first["content"]["window"]["as_of"]
    pages = [read(service, first, media) for media in ("text/html", "text/csv")]
    label(service, keys, lambda place: ("no", "yes")[place % 3 == 0])
    score(service, [f"later{number}" for number in range(30)])
    service.kill()

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    service = serve()
    now = post(service, f"{BASE}/new-data-report", {})
    again = post(service, f"{BASE}/new-data-report", {"as_of": as_of})
    assert now["content"]["scored"] == 150
    assert again["content"] == first["content"]
    assert again["digest"] == first["digest"] != now["digest"]
    assert [read(service, again, media) for media in ("text/html", "text/csv")] == pages
