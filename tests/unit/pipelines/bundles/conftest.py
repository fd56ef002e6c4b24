"""Environments with stores of their own, and a bundle that qa approved."""

import io
import tarfile
from dataclasses import replace
from types import SimpleNamespace

import pytest

from crispml_core.adapters.bundles import TarBundles
from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.governance.promotion import PromotionMode, PromotionRules
from crispml_core.pipelines.bundles.door import Bundles
from crispml_core.pipelines.cycle import run_cycle
from crispml_core.pipelines.promotion import move_alias
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.requests import check_request
from crispml_core.pipelines.workplace import Workplace
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.run_store import FakeRunStore

TAR = TarBundles()


class Environment:
    """The stores of one environment and its bundles; who approves is a matter of its own."""

    def __init__(
        self,
        name,
        stores,
        use_case,
        folder,
        mode=PromotionMode.MODEL,
        signer=None,
        authors=None,
        four_eyes=False,
    ):
        self.use_case, self.folder = use_case, folder
        self.stores = replace(
            stores,
            models=VolumeModelRegistry(folder),
            aliases=FakeAliasLog(environment=name),
            rules=PromotionRules(environment=name, mode=mode, four_eyes=four_eyes),
        )
        self.bundles = Bundles(
            {use_case.name: use_case}, self.stores, FakeRunStore(), TAR, signer, authors
        )

    def train(self, by="", **asked):
        recorder = Recorder("toy", self.stores.timings)
        work = Workplace(self.use_case, self.stores, recorder, "run-1", by)
        return run_cycle(work, check_request(self.use_case, "cycle", asked, self.stores))

    def move(self, alias, version, reason="good", **more):
        return move_alias(
            self.stores,
            "toy",
            alias,
            version,
            expected="*",
            reason=reason,
            use_case=self.use_case,
            **more,
        )

    def export(self, version):
        bundle = self.bundles.export("toy", version)
        content = b"".join(bundle.chunks)
        assert len(content) == bundle.size
        return content

    def take_in(self, content, **more):
        return self.bundles.take_in(io.BytesIO(content), **more)

    def current(self, alias):
        event = self.stores.aliases.current("toy", alias)
        return None if event is None else event.version

    @staticmethod
    def members(content):
        """What lies in a bundle, by name."""
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            return {member.name: archive.extractfile(member).read() for member in archive}

    def leftovers(self):
        """Every file of the registry, also those that nobody should see."""
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file()
        )


@pytest.fixture
def environment(make_stores, toy, toy_rows, tmp_path):
    """Make environments: ``environment("qa")``."""
    source = SimpleNamespace(
        read=lambda selection: toy_rows(400).to_batches(), explain=lambda selection: None
    )

    def make(name, use_case=toy, **more):
        stores = make_stores(
            open_source=lambda use_case, upload_id: source,
            codec=lambda use_case: SkopsModelCodec(()),
            compiler=SklearnModelCompiler(),
            libraries=lambda: {"python": "3", "scikit-learn": "1"},
            project_aliases=lambda model: None,
        )
        folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return Environment(name, stores, use_case, folder, **more)

    return make


@pytest.fixture
def qa(environment):
    return environment("qa")


@pytest.fixture
def prod(environment):
    return environment("prod")


_known = {}


@pytest.fixture
def approved(qa):
    """A bundle of a version that qa made champion; trained once for all tests."""
    if not _known:
        version = qa.train()["best"]
        qa.move("champion", version, reason="approved in meeting 12", moved_by="ann")
        content = qa.export(version)
        _known.update(version=version, content=content, members=qa.members(content))
    return SimpleNamespace(**_known)
