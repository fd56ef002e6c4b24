"""What is in each image, what is not, and that nothing has to be written to run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.containers.engine import CLOSED, NOTES, ROOT, build, docker, inspect

pytestmark = pytest.mark.usefixtures("images")

SERVICES = ("training", "scoring", "console")
CONSOLE = "crispml-console"
IMAGES = (
    *(f"crispml-{service}{variant}" for service in SERVICES[:2] for variant in ("", "-db2")),
    CONSOLE,
)

EVERYWHERE = {
    *("crispml_core", "fastapi", "uvicorn", "httptools", "uvloop", "sqlalchemy", "alembic"),
    *("numpy", "pandas", "pyarrow.dataset", "pyarrow.parquet", "sklearn.ensemble", "scipy.stats"),
    *("skops.io", "onnxruntime", "matplotlib.figure", "psycopg", "cryptography", "jwt"),
    *("influxdb_client", "opentelemetry.sdk.trace", "prometheus_client", "zstandard"),
}
# The console asks the services; whatever reads a table, a model or a database would be too much.
OF_CONSOLE = {
    *("crispml_core.client", "crispml_console.app.server", "crispml_console.pages", "shiny"),
    *("plotly", "uvicorn", "websockets", "prometheus_client", "pydantic_settings"),
}
COMPILERS = {"onnx", "skl2onnx"}
DB2 = {"ibm_db", "ibm_db_sa"}
# What builds, tests or installs packages, here or in the packages themselves.
NOWHERE = {
    *("pip", "setuptools", "wheel", "hatchling", "cyclonedx_py", "uv", "pytest", "hypothesis"),
    *("mypy", "ruff", "xdist", "schemathesis", "importlinter", "tests", "examples", "scripts"),
    *("pandas.tests", "sklearn.tests", "scipy.stats.tests", "pyarrow.tests", "ibm_db_tests"),
}
# Imports what it is told and says what failed: once each, so that a broken library counts as one.
IMPORT = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
        found[name] = "there"
    except ModuleNotFoundError:
        found[name] = "missing"
    except Exception as error:
        found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""
# The largest packages of the environment, in megabytes.
LARGEST = """
import collections, os
size, root = collections.Counter(), "/opt/crispml/lib/python3.13/site-packages"
for folder, _, files in os.walk(root):
    for file in files:
        name = os.path.relpath(os.path.join(folder, file), root).split(os.sep)[0].split(".libs")[0]
        size[name] += os.lstat(os.path.join(folder, file)).st_size
print(", ".join(f"{name} {bytes // 10**6}" for name, bytes in size.most_common(8)))
"""


def run(image, *words, check=True):
    return docker("run", "--rm", "--network", "none", *CLOSED, image, *words, check=check)


def python(image, code, *arguments):
    return run(image, "python", "-I", "-c", code, *arguments).stdout


def service_of(image):
    return image.split("-")[1]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_imports_what_its_service_needs_and_nothing_else(image):
    service = service_of(image)
    others = {f"crispml_{other}" for other in SERVICES if other != service}
    needed = OF_CONSOLE if image == CONSOLE else EVERYWHERE | {f"crispml_{service}.app"}
    needed |= COMPILERS if service == "training" else set()
    needed |= DB2 if image.endswith("-db2") else set()
    foreign = EVERYWHERE - {"crispml_core"} if image == CONSOLE else {"shiny", "plotly"}
    unwanted = (NOWHERE | COMPILERS | DB2 | others | foreign) - needed
    if image == CONSOLE:
        unwanted -= {"setuptools"}  # Shiny asks for it
    found = json.loads(python(image, IMPORT, *sorted(needed | unwanted)))
    assert found == dict.fromkeys(needed, "there") | dict.fromkeys(unwanted, "missing")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_has_no_compiler_and_no_cache(image):
    programs = "for name in cc gcc g++ c++ ld as make; do command -v $name && exit 1; done; true"
    assert run(image, "sh", "-c", programs).returncode == 0
    left = "find /build /opt /root /tmp /var ( -path */pip/* -o -path */.cache/* -o -name *.whl )"
    assert run(image, *left.split(), check=False).stdout == ""
    assert run(image, "ls", "/build", check=False).returncode


@pytest.mark.parametrize("image", IMAGES)
def test_nothing_in_an_image_is_compiled_when_it_runs(image):
    """No byte can be written there, so what has no bytecode is compiled at each start."""
    code = """
import importlib.util, pathlib
files = list(pathlib.Path("/opt/crispml/lib").rglob("*.py"))
compiled = [pathlib.Path(importlib.util.cache_from_source(file)).exists() for file in files]
print(len(files), compiled.count(False))
"""
    modules, without = map(int, python(image, code).split())
    assert modules > (1000 if image == CONSOLE else 3000)
    assert without < 10  # templates, which are no Python


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_says_what_it_is(image):
    config = inspect(image)["Config"]
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in config["Labels"].items()
    }
    assert labels["title"] == f"crispml-{service_of(image)}"
    assert labels["version"] == "0.1.0"
    assert {"revision", "source", "description"} <= set(labels)
    assert config["User"] == "10001:0"
    assert config["Cmd"] == ["python", "-m", f"crispml_{service_of(image)}"]
    assert config["WorkingDir"] == ("" if image == CONSOLE else "/var/lib/crispml")


@pytest.mark.parametrize("image", IMAGES)
def test_the_bill_of_an_image_lists_what_is_installed(image):
    code = """
import importlib.metadata, json
bill = json.load(open("/opt/crispml/sbom.cdx.json"))
listed = sorted((one["name"].lower(), one["version"]) for one in bill["components"])
there = sorted((d.name.lower(), d.version) for d in importlib.metadata.distributions())
print(json.dumps([listed, there]))
"""
    listed, there = json.loads(python(image, code))
    own = ["crispml-" + service_of(image), "0.1.0"]  # which the bill is about
    assert listed == [one for one in there if one != own]


@pytest.mark.parametrize("image", sorted(set(IMAGES) - {CONSOLE}))
def test_an_image_has_the_programs_of_a_cluster(image):
    """Its services are clients of one, and its workers are processes of the same image."""
    for program, option in (("scheduler", "--tls-ca-file"), ("worker", "--preload")):
        told = run(image, "python", "-m", "dask", program, "--help").stdout
        assert option in told
    told = python(image, "import crispml_core.bootstrap.batch_tasks as b; print(b.__name__)")
    assert told.strip() == "crispml_core.bootstrap.batch_tasks"


def test_the_image_of_scoring_is_small(images):
    sizes = {image: inspect(image)["Size"] for image in IMAGES}
    for image, size in sizes.items():
        NOTES.append(f"{size / 1e6:6.0f} MB {image}: {python(image, LARGEST).strip()}")
    assert sizes["crispml-scoring"] < 800e6
    assert sizes[CONSOLE] < 400e6


def test_what_did_not_change_is_not_built_again(images):
    before = {image: inspect(image)["Id"] for image in IMAGES}
    subprocess.run([ROOT / "scripts" / "images.sh", "--db2"], check=True, capture_output=True)
    assert {image: inspect(image)["Id"] for image in IMAGES} == before


def test_a_change_of_source_installs_no_package_again(images, tmp_path):
    """All layers of an image but the last are those of before."""
    context = tmp_path / "source"
    wanted = ("pyproject.toml", "README.md", ".dockerignore", "requirements", "crispml_core")
    context.mkdir()
    for name in (*wanted, "services"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, context / name)
    with (context / "crispml_core" / "__init__.py").open("a") as file:
        file.write("\n# Changed.\n")
    # A change of tests, docs or of the other service is none.
    (context / "services" / "training" / "README.md").write_text("changed")
    changed = build(
        *("crispml-test-changed", "--network", os.environ["NETWORK"]),
        *("--file", context / "services" / "scoring" / "Dockerfile", context),
    )
    before, after = (inspect(image)["RootFS"]["Layers"] for image in ("crispml-scoring", changed))
    assert after[:-1] == before[:-1]
    assert after[-1] != before[-1]
