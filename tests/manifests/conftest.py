"""A kubectl that takes notes, in place of a cluster, for the programs of the manifests."""

import os
import shutil
import textwrap

import pytest

from tests.servers import missing

KUBECTL = """
#!/bin/sh
# Keeps Secrets as folders, and notes what is asked.
[ "$1" = --namespace ] && { shift 2; }
echo "$*" >>"$STORE/asked"
case "$1 $2" in
  "get namespace") [ -e "$STORE/namespace" ] ;;
  "create namespace") touch "$STORE/namespace" ;;
  "get secret") [ -d "$STORE/secrets/$3" ] ;;
  "create secret") mkdir -p "$STORE/secrets" && cp -r "${5#--from-file=}" "$STORE/secrets/$4" ;;
  "get job/database-migration")
    case "$*" in
      *conditions*) printf %s "$ENDED" ;;
      *) [ -e "$STORE/job" ] ;;
    esac ;;
  "get deployment,statefulset") echo deployment.apps/crispml-training ;;
  kustomize*) exec "$REAL_KUBECTL" "$@" ;;
esac
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Return what puts a program where it is found first."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    def program(name, text):
        file = tmp_path / "bin" / name
        file.write_text(textwrap.dedent(text).lstrip())
        file.chmod(0o755)

    return program


@pytest.fixture
def store(tmp_path, monkeypatch, program):
    """A cluster that keeps Secrets, and a folder of the caller."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "asked").touch()
    monkeypatch.setenv("REAL_KUBECTL", shutil.which("kubectl") or missing("there is no kubectl"))
    program("kubectl", KUBECTL)
    monkeypatch.setenv("STORE", str(store))
    monkeypatch.setenv("ENDED", "SuccessCriteriaMet Complete")
    monkeypatch.chdir(tmp_path)
    return store
