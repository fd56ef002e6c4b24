#!/usr/bin/env bash
# Pin every dependency set with hashes. One file per environment, all from the extras in the
# pyproject files; no download address is written.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # OUTPUT ARGUMENT...
  local output=$1
  shift
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    "$@" --output-file "requirements/$output.txt"
}

compile dev pyproject.toml --all-extras --group dev
# The image of a service has what it needs at run time, at the versions that were tested: its
# extras, and the clients of the servers that it may be told of.
clients=(--extra postgres --extra influx --extra dask --extra otel)
compile training pyproject.toml --extra ml --extra sql --extra rest --extra security --extra compile \
  "${clients[@]}" --constraint requirements/dev.txt
compile scoring pyproject.toml --extra ml --extra sql --extra rest --extra security --extra onnx \
  "${clients[@]}" --constraint requirements/dev.txt
compile console pyproject.toml --extra console --constraint requirements/dev.txt
# What makes load has the client of the services and none of what they have.
compile loadtest pyproject.toml --extra loadtest --constraint requirements/dev.txt
# What the images with IBM's driver have besides.
compile db2 pyproject.toml --extra db2 --constraint requirements/dev.txt
# What installs all others, in a third of the time that pip takes.
echo uv | compile uv - --constraint requirements/dev.txt
# What `make profile` looks with.
printf '%s\n' py-spy memray | compile profile - --constraint requirements/dev.txt
# What an image needs to build the wheels of the project, and leaves behind.
echo hatchling | compile build - --constraint requirements/dev.txt
# What writes the bill of materials of an image, and is left behind too.
echo cyclonedx-bom | compile sbom - --constraint requirements/dev.txt
