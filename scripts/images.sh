#!/usr/bin/env bash
# images.sh [--db2] [SERVICE…]: builds the images of training, scoring and the console, with
# --db2 also those with IBM's driver, which the console has no use for. That of load tests is built
# when it is named: loadtest. What did not change is not built again. These variables change how:
#   BASE        image to start from
#   WHEELHOUSE  image with the wheels, made by `make wheelhouse`; then nothing is downloaded
#   NETWORK     network of the build, as in docker build --network
#   SOURCE      where the source is published, for the label of that name
set -euo pipefail
cd "$(dirname "$0")/.."

variants=("") services=()
for argument in "$@"; do
  case $argument in
    --db2) variants+=(-db2) ;;
    training | scoring | console | loadtest) services+=("$argument") ;;
    *) echo "images.sh: there is no $argument; choose from --db2, training, scoring, console, loadtest" >&2; exit 2 ;;
  esac
done
((${#services[@]})) || services=(training scoring console)

version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' crispml_core/__init__.py)

folder() { [[ $1 == loadtest ]] && echo loadtest || echo "services/$1"; } # SERVICE

# The last change of what is in the image: a commit that changes nothing of it changes no label.
revision() { # SERVICE
  local parts=(pyproject.toml README.md requirements crispml_core services/leave_out.py "$(folder "$1")")
  git rev-parse --git-dir >/dev/null 2>&1 || return 0
  git log -1 --format=%H -- "${parts[@]}" | tr -d '\n'
  [[ -z $(git status --porcelain -- "${parts[@]}") ]] || printf -- -changed
}

options=()
[[ -z ${BASE:-} ]] || options+=(--build-arg "BASE=$BASE")
[[ -z ${NETWORK:-} ]] || options+=(--network "$NETWORK")
[[ -z ${WHEELHOUSE:-} ]] \
  || options+=(--build-arg "WHEELHOUSE=$WHEELHOUSE" --build-arg PIP_NO_INDEX=1 --network none)

for service in "${services[@]}"; do
  for variant in "${variants[@]}"; do
    [[ $service$variant != @(console|loadtest)-db2 ]] || continue
    image=crispml-$service$variant begun=$SECONDS
    DOCKER_BUILDKIT=1 docker build --quiet "${options[@]}" \
      --target "$([[ -z $variant ]] && echo service || echo db2)" \
      --build-arg "VERSION=$version" --build-arg "REVISION=$(revision "$service")" \
      --build-arg "SOURCE=${SOURCE:-}" \
      --file "$(folder "$service")/Dockerfile" --tag "$image:$version" --tag "$image" . >/dev/null
    size=$(docker image inspect --format '{{.Size}}' "$image")
    printf '%-22s %4d MB  %3d s\n' "$image" $((size / 1000000)) $((SECONDS - begun))
  done
done
