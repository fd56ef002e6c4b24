#!/usr/bin/env bash
# wheelhouse.sh [FOLDER]: gathers in dist/air-gap what a build and a start without a network need:
#   wheels/      the wheels of all images, each with a digest that the requirements pin
#   SHA256SUMS   over these wheels
#   images.txt   the images to mirror, as docker-compose.yml and the Dockerfiles name them
# It also makes of the wheels the image crispml-wheelhouse, which a build takes:
#   WHEELHOUSE=crispml-wheelhouse make images
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mkdir -p "${1:-dist/air-gap}" && cd "${1:-dist/air-gap}" && pwd)
base=${BASE:-python:3.13-slim-trixie}
network=()
[[ -z ${NETWORK:-} ]] || network=(--network "$NETWORK")

mkdir -p "$folder/wheels"
# In the base image, so that they are the wheels for its Python and its machine.
docker run --rm "${network[@]}" --user "$(id -u):$(id -g)" --env HOME=/tmp \
  --volume "$PWD/requirements:/requirements:ro" --volume "$folder/wheels:/wheels" "$base" \
  sh -ec 'for set in training scoring console db2 loadtest build sbom; do
    python -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps \
      --only-binary :all: --find-links /wheels --dest /wheels --require-hashes \
      -r "/requirements/$set.txt"
  done'
(cd "$folder/wheels" && sha256sum -- *.whl) >"$folder/SHA256SUMS"

{
  echo "$base"
  sed -n 's/.*image: \${[A-Z0-9]*_IMAGE:-\(.*[:@].*\)}/\1/p' docker-compose.yml
} | sort -u >"$folder/images.txt"

docker build --quiet --tag crispml-wheelhouse --file - "$folder/wheels" >/dev/null <<'DOCKERFILE'
FROM scratch
COPY *.whl /
DOCKERFILE
echo "$(ls "$folder/wheels" | wc -l) wheels and $(wc -l <"$folder/images.txt") images: $folder"
