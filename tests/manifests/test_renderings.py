"""Every overlay, and every combination of components, renders, is valid, and keeps the policy."""

import pytest

from tests.manifests import rendering
from tests.manifests.network import open_pods
from tests.manifests.objects import named
from tests.manifests.policy import findings
from tests.manifests.schemas import problems

FOLDERS = rendering.OVERLAYS + rendering.PLATFORM
COMBINATIONS = rendering.combinations()


def kept(objects):
    assert not [problem for each in objects for problem in problems(each)]
    assert not findings(objects)
    assert not list(open_pods(objects))
    names = [(named(each), each["metadata"].get("namespace")) for each in objects]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_applied_keeps_the_policy(folder):
    kept(rendering.overlay(folder))


@pytest.mark.parametrize("components", COMBINATIONS, ids="+".join)
def test_components_go_together(components):
    kept(rendering.combination(components))


def test_every_component_is_tried():
    tried = {name for components in COMBINATIONS for name in components} - {"examples"}
    assert tried == {folder.name for folder in (rendering.K8S / "components").iterdir()}
    found = {
        f"{folder.parent.name}/{folder.name}"
        for parent in ("overlays", "platform")
        for folder in (rendering.K8S / parent).iterdir()
    }
    assert found == set(FOLDERS)
