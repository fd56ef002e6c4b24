"""What is counted a hundred at a time is counted as if it were one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crispml_core.rest.metrics import HttpMetrics

ROUTE = "/r"


def samples(metrics: HttpMetrics) -> dict[str, float]:
    lines = metrics.text().decode().splitlines()
    return {
        name: float(value)
        for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        if "_created" not in name
    }


@given(
    st.lists(
        st.tuples(
            st.sampled_from([200, 503]),
            st.floats(0, 400) | st.sampled_from([0.002, 0.005, 0.01, 1.0, 300.0]),
        ),
        max_size=250,
    )
)
def test_a_recorder_counts_what_the_metrics_count(answers):
    together, one_by_one = HttpMetrics(), HttpMetrics()
    recorder = together.recorder(ROUTE, "POST")
    durations = one_by_one.duration.labels(ROUTE, "POST")
    for status, seconds in answers:
        recorder.note(status, seconds)
        one_by_one.requests.labels(ROUTE, "POST", str(status)).inc()
        durations.observe(seconds)
    found, wanted = samples(together), samples(one_by_one)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert abs(found[name] - value) <= 1e-9 * max(1.0, value), name


def test_what_is_not_yet_told_is_told_before_the_metrics_are_read():
    metrics = HttpMetrics()
    metrics.recorder(ROUTE, "POST").note(200, 0.1)
    name = f'crispml_http_requests_total{{method="POST",route="{ROUTE}",status="200"}}'
    assert samples(metrics)[name] == 1
