"""A use case whose aliases move, and versions that load or do not."""

from __future__ import annotations

from types import SimpleNamespace

from crispml_core.domain.errors import UntrustedSignature
from crispml_core.domain.health import HealthPolicy
from crispml_core.serving.admission import Admission
from crispml_core.serving.health_watch import HealthWatch
from crispml_core.serving.live_models import LiveModels
from crispml_core.serving.loaded_versions import LoadedVersions
from crispml_core.serving.trust_watch import TrustWatch
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.health_log import FakeHealthLog


class World:
    """A use case, its aliases, and versions that load or do not."""

    def __init__(self, toy):
        self.aliases = FakeAliasLog()
        self.loaded, self.events = [], []
        self.broken = {}
        self.refused = set()
        self.now = 100.0
        self.verdicts = FakeHealthLog()
        self.keys, self.distrusted = 0, set()
        self.versions = LoadedVersions(self.load, memory_bytes=1000)
        self.live = LiveModels(
            {"toy": toy},
            self.versions,
            self.aliases.highest,
            self.aliases.aliases,
            clock=lambda: self.now,
            health=HealthWatch(self.verdicts.highest, self.verdicts.current),
            admission=Admission(lambda model, version: version not in self.refused),
            trust=TrustWatch(lambda: self.keys, self.check),
        )
        self.live.watch(self.events.append)

    def check(self, model, version):
        if version in self.distrusted:
            raise UntrustedSignature("the key that signed it is not trusted here")

    def distrust(self, *versions):
        """Let exactly these versions be signed by a key that is not trusted."""
        self.keys, self.distrusted = self.keys + 1, set(versions)

    def load(self, use_case, version):
        self.loaded.append(version)
        self.check("toy", version)
        if version in self.broken:
            raise self.broken[version]
        manifest = SimpleNamespace(
            model="toy", version=version, classes=("no", "yes"), conformal=None, masked=False
        )
        return SimpleNamespace(manifest=manifest, size_bytes=400, plan=None)

    def move(self, version, alias="champion"):
        self.aliases.move("toy", alias, version, expected="*")

    def judge(self, version, *, healthy, reason="the AUC is below its gate"):
        policy = HealthPolicy(failure_threshold=1, success_threshold=2)
        self.verdicts.judge("toy", version, healthy=healthy, reason=reason, policy=policy)
        self.live.refresh()

    def serving(self):
        """The version that answers for the champion, and whether it is the fallback."""
        served = self.live.find("toy", "champion").served
        return served.version, served.fallback

    def version(self, alias="champion"):
        active = self.live.find("toy", alias)
        return None if active is None else active.served.version
