"""Runs the script of a step in a container, as Tekton would: with its user and its rights."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.containers.engine import build
from tests.servers import missing
from tests.tekton.files import TASKS, step_of

IMAGE = "crispml-test-steps"
FOLDER = Path(__file__).parent / "image"
USER = "10001:10001"


@cache
def engine() -> str:
    """Return the program of the container engine."""
    docker = shutil.which("docker") or missing("there is no container engine")
    if subprocess.run([docker, "info"], capture_output=True).returncode:
        missing("the container engine does not answer")
    return docker


@cache
def steps_image() -> str:
    """Build the image that has the programs of all steps."""
    kubectl = shutil.which("kubectl") or missing("kubectl is not installed")
    with tempfile.TemporaryDirectory() as context:
        for file in (*FOLDER.iterdir(), Path(kubectl)):
            shutil.copy(file, context)
        engine()
        return build(IMAGE, "--network=host", context)


def has_image(name: str) -> str:
    """Return an image that `make images` has built."""
    if subprocess.run([engine(), "image", "inspect", name], capture_output=True).returncode:
        missing(f"there is no image {name}; `make images` builds it")
    return name


@dataclass
class TaskRun:
    """A task whose steps are run one by one; they share what Tekton lets them share.

    Parameters
    ----------
    task : str
        Its name.
    folder : Path
        Keeps the results and what steps hand over.
    params : mapping
        Parameters without a default, and those that differ from it.
    workspaces : mapping
        Folders by the name of the workspace.
    env : mapping
        What the cluster would bring in: how to reach it, and secrets.
    """

    task: str
    folder: Path
    params: Mapping[str, str]
    workspaces: Mapping[str, Path] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("results", "home", "hand-over", "scripts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            (self.folder / name).chmod(0o777)

    def step(self, name: str, *, image: str = "") -> subprocess.CompletedProcess[str]:
        """Run one step to its end."""
        step = step_of(self.task, name)
        script = self.folder / "scripts" / name
        script.write_text(step["script"])
        script.chmod(0o755)
        context = step["securityContext"]
        user = f"{context['runAsUser']}:{context['runAsGroup']}" if "runAsUser" in context else USER
        command = [engine(), "run", "--rm", "--network=host", "--read-only", "--tmpfs=/tmp"]
        command += [f"--user={user}", "--group-add=10001", "--cap-drop=ALL"]
        command += [f"--cap-add={one}" for one in context["capabilities"].get("add", [])]
        if not context["allowPrivilegeEscalation"]:
            command.append("--security-opt=no-new-privileges")
        if context["seccompProfile"]["type"] == "Unconfined":
            command.append("--security-opt=seccomp=unconfined")
        if "runAsUser" in context:
            command += ["--tmpfs=/home/user:mode=777", "--tmpfs=/run/user/1000:mode=777"]
        mounts = {
            script: "/tekton/script:ro",
            self.folder / "home": "/tekton/home",
            self.folder / "results": "/tekton/results",
            **self.mounts,
        }
        for volume in step["volumeMounts"]:
            mounts[self.folder / volume["name"]] = volume["mountPath"]
        for workspace, path in self.workspaces.items():
            mounts[path] = f"/workspace/{workspace}"
        for source, target in mounts.items():
            command.append(f"--volume={source}:{target}")
        told = {one["name"]: self._resolved(one.get("value", "")) for one in step["env"]}
        for key, value in {**told, **self.env}.items():
            command.append(f"--env={key}={value}")
        return subprocess.run(
            [*command, image or steps_image(), "/tekton/script"],
            capture_output=True,
            text=True,
            timeout=240,
        )

    def passes(self, *names: str) -> str:
        """Run steps that must succeed, and return what they have printed."""
        said = ""
        for name in names:
            done = self.step(name)
            assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
            said += done.stdout
        return said

    def fails(self, name: str) -> str:
        """Run a step that must fail, and return why it says it did."""
        done = self.step(name)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def result(self, name: str) -> str:
        return (self.folder / "results" / name).read_text()

    def _resolved(self, value: str) -> str:
        declared = TASKS[self.task].spec["params"]
        params = {one["name"]: one.get("default") for one in declared} | dict(self.params)

        def replaced(found: re.Match[str]) -> str:
            root, name = found[1], found[2]
            if root == "params":
                assert params[name] is not None, f"{self.task} needs {name}"
                return str(params[name])
            if root == "results":
                return f"/tekton/results/{name.removesuffix('.path')}"
            name = name.removesuffix(".path")
            return f"/workspace/{name}" if name in self.workspaces else ""

        return re.sub(r"\$\((params|results|workspaces)\.([\w.-]+)\)", replaced, value)


def open_to_all(folder: Path) -> Path:
    """Let the user of a step write where the test has written."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else path.stat().st_mode | 0o666)
    return folder
