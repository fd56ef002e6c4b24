"""Bounds the label `version`: what an old version counted is told no more.

A process that lives for long sees a new version every day, and a request may name any version of
the registry. In the shared memory of several processes a series can be removed by nobody, so it is
left out where the metrics are told.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

MOST = 16
"""So many versions of a use case are told beside those in service."""


def few_versions(
    metrics: Iterable[Metric], in_service: Mapping[str, Collection[str]]
) -> Iterator[Metric]:
    """Yield metrics without the samples of versions neither in service nor among the newest.

    Versions begin with the time of their making, so the last by name are the newest. What has no
    value for its version is left out, too.

    Parameters
    ----------
    in_service : mapping of str to collection of str
        The versions in service, by use case.
    """
    found = list(metrics)
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for metric in found:
        for sample in metric.samples:
            if "version" in sample.labels:
                seen[sample.labels["use_case"]].add(sample.labels["version"])
    told = {
        use_case: {*sorted(versions)[-MOST:], *in_service.get(use_case, ())}
        for use_case, versions in seen.items()
    }
    for metric in found:
        metric.samples = [sample for sample in metric.samples if _is_told(sample, told)]
        yield metric


def _is_told(sample: Sample, told: Mapping[str, Collection[str]]) -> bool:
    version = sample.labels.get("version")
    if version is None:
        return True
    return version in told[sample.labels["use_case"]] and not math.isnan(sample.value)
