"""Runs the pods of a rendering in containers, with the users, volumes and limits that they name."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.manifests.objects import Object, Pods, of_kind, pods_of


class Kubelet:
    """One node, with the volumes of a namespace in a folder.

    Parameters
    ----------
    secrets : Path
        A folder with a folder for each Secret.
    """

    def __init__(self, objects: list[Object], folder: Path, secrets: Path) -> None:
        self._folder, self._secrets = folder, secrets
        self._pods = {pods.component: pods for pods in pods_of(objects)}
        self._configs = {
            each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")
        }
        self._made: list[str] = []

    def start(self, component: str, container: str = "", **ports: int) -> str:
        """Start a container of a pod, the service unless another is named, and return its id."""
        pods = self._pods[component]
        found = next(c for c in pods.containers() if c["name"] == (container or component))
        words = ["docker", "run", "--detach", *self._closed(pods, found)]
        for name, port in ports.items():
            words += ["--publish", f"127.0.0.1:{port}:{pods.ports()[name]}"]
        for name, value in self._environment(found, str(uuid4())).items():
            words += ["--env", f"{name}={value}"]
        for each in found.get("volumeMounts", ()):
            words += self._mount(pods, each)
        command = [*found.get("command", ()), *found.get("args", ())]
        if command:
            words += ["--entrypoint", command[0]]
        done = subprocess.run(
            [*words, found["image"], *command[1:]], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        self._made.append(done.stdout.strip())
        return self._made[-1]

    def run(self, component: str, container: str = "") -> tuple[int, str]:
        """Run a container to its end; return its exit code and what it said."""
        started = self.start(component, container)
        code = int(self._docker("wait", started))
        return code, self.log(started)

    def ready(self, component: str, port: int, most_s: float = 120) -> float:
        """Return after how long the probes of a service are content."""
        (service,) = (c for c in self._pods[component].containers() if c["name"] == component)
        begun = time.monotonic()
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            url = f"http://127.0.0.1:{port}{service[probe]['httpGet']['path']}"
            while not _answers(url):
                assert time.monotonic() < begun + most_s, f"{url}\n{self.log(self._made[-1])}"
                time.sleep(0.05)
        return time.monotonic() - begun

    def stop(self, component: str, started: str) -> int:
        """Ask a service to stop, as a node does, and return its exit code."""
        grace = self._pods[component].spec["terminationGracePeriodSeconds"]
        self._docker("stop", "--time", str(grace), started)
        return int(self._docker("inspect", "--format", "{{.State.ExitCode}}", started))

    def inside(self, started: str, *command: str) -> int:
        """Run a command inside of a container and return its exit code."""
        return subprocess.run(["docker", "exec", started, *command], capture_output=True).returncode

    def log(self, started: str) -> str:
        """Return what a container wrote."""
        done = subprocess.run(["docker", "logs", started], capture_output=True, text=True)
        return done.stdout + done.stderr

    def close(self) -> None:
        """Remove the containers."""
        for each in self._made:
            subprocess.run(["docker", "rm", "--force", each], capture_output=True)

    def _docker(self, *words: str) -> str:
        done = subprocess.run(["docker", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _closed(self, pods: Pods, container: Object) -> list[str]:
        context = {**pods.spec["securityContext"], **container["securityContext"]}
        limits = container["resources"]["limits"]
        words = [
            *("--user", f"{context['runAsUser']}:{context['runAsGroup']}"),
            *("--memory", limits["memory"].replace("i", "").lower(), "--cpus", limits["cpu"]),
        ]
        if "fsGroup" in context:
            words += ["--group-add", str(context["fsGroup"])]
        if context["readOnlyRootFilesystem"]:
            words.append("--read-only")
        if not context["allowPrivilegeEscalation"]:
            words += ["--security-opt", "no-new-privileges"]
        for capability in context["capabilities"]["drop"]:
            words += ["--cap-drop", capability]
        return words

    def _environment(self, container: Object, uid: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            found.update(self._configs[source["configMapRef"]["name"]])
        for variable in container.get("env", ()):
            source = variable.get("valueFrom", {})
            if "secretKeyRef" in source:
                reference = source["secretKeyRef"]
                file = self._secrets / reference["name"] / reference["key"]
                if reference.get("optional") and not file.exists():
                    continue
                found[variable["name"]] = file.read_text()
            elif "fieldRef" in source:
                assert source["fieldRef"]["fieldPath"] == "metadata.uid"
                found[variable["name"]] = uid
            else:
                found[variable["name"]] = variable["value"]
        return found

    def _mount(self, pods: Pods, mount: Object) -> list[str]:
        volume = pods.volumes()[mount["name"]]
        if "emptyDir" in volume:
            return ["--tmpfs", f"{mount['mountPath']}:mode=1777"]
        place, read_only = self._place(pods, volume)
        mode = "ro" if read_only or mount.get("readOnly") else "rw"
        return ["--volume", f"{place}:{mount['mountPath']}:{mode}"]

    def _place(self, pods: Pods, volume: dict[str, Any]) -> tuple[Path, bool]:
        group = pods.spec["securityContext"].get("fsGroup", 0)
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]
            folder = self._folder / "claims" / claim["claimName"]
            if not folder.exists():
                folder.mkdir(parents=True)
                shutil.chown(folder, "root", group)
                folder.chmod(0o2775)
            return folder, bool(claim.get("readOnly"))
        if "configMap" in volume:
            files = {k: v.encode() for k, v in self._configs[volume["configMap"]["name"]].items()}
            return self._files(files, volume["configMap"].get("defaultMode", 0o644), group), True
        secret = volume["secret"]
        source = self._secrets / secret["secretName"]
        assert source.exists() or secret.get("optional"), f"there is no Secret {source.name}"
        files = {file.name: file.read_bytes() for file in source.glob("*")}
        return self._files(files, secret.get("defaultMode", 0o644), group), True

    def _files(self, files: dict[str, bytes], mode: int, group: int) -> Path:
        """Write files as a node does: names that are links, and root as their owner."""
        folder = self._folder / "files" / uuid4().hex
        (folder / "..data").mkdir(parents=True)
        for path in (folder, folder / "..data"):
            path.chmod(0o755)
        for name, content in files.items():
            file = folder / "..data" / name
            file.write_bytes(content)
            shutil.chown(file, "root", group)
            file.chmod(mode)
            (folder / name).symlink_to(Path("..data") / name)
        return folder


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
