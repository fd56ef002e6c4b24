# The verbs of CrispML. `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
STAMP  := $(VENV)/.installed
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PROJECTS := pyproject.toml services/training/pyproject.toml services/scoring/pyproject.toml services/console/pyproject.toml

# Threads that wait for each other do not burn the cores that other tests need.
export OMP_WAIT_POLICY ?= PASSIVE
# Tests start hundreds of processes: without bytecode each of them compiles the core anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up test trial servers browser proof bench profile loadtest soak scaling check audit fmt lint lock sbom screenshots openapi dashboards ddl access manifests images wheelhouse containers clean

help: ## List the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv with the pinned packages and the project itself

# A stamp instead of the folder: a set-up that was cut off is done again.
$(STAMP): requirements/dev.txt requirements/uv.txt $(PROJECTS)
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON); say which Python: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "CrispML needs Python 3.11 or newer; say which one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV), once; this takes a minute or two ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt \
	  || $(PIP) --require-hashes -r requirements/dev.txt # which may know of another index
	@$(PIP) --no-deps --no-build-isolation -e . -e services/training -e services/scoring -e services/console
	@touch $@

demo: setup ## Run the whole cycle of German credit over REST; ARGS="--once --json"
	@$(BIN)/crispml demo $(ARGS)

up: setup ## Start training, scoring and the console on this machine until Ctrl-C
	@$(BIN)/crispml up $(ARGS)

# One process more than a small machine has cores: many tests wait for processes that they started.
# They get files in the order of tests/conftest.py.
PROCESSES := -n 3 --dist loadfile --no-loadscope-reorder

test: setup ## Run the tests, in at most ten minutes
	@$(BIN)/python -m pytest $(PROCESSES) -m "not trial and not server and not container and not browser" $(ARGS)

trial: setup ## Kill processes, ask oracles and the clients of peers, simulate worlds
	@$(BIN)/python -m pytest $(PROCESSES) -m "trial and not proof" $(ARGS)

servers: setup ## Ask real databases and monitoring servers; see CONTRIBUTING
	@$(BIN)/python -m pytest $(PROCESSES) -m "server and not trial" $(ARGS)

containers: setup ## Build the images, and run what is deployed on a container engine
	@$(BIN)/python -m pytest -n 0 -m "container and not proof" --durations 0 --durations-min 3 $(ARGS)

browser: setup ## Look at the console with Chromium
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m browser $(ARGS)

proof: setup ## Run the full sizes and write figures to benchmarks/results/
	@$(BIN)/python -m pytest -q $(PROCESSES) --hypothesis-profile=full -m "hypothesis and not trial and not server"
	@$(BIN)/python -m pytest -q -n 0 --hypothesis-profile=full -m proof
	@$(BIN)/python -m benchmarks.proof $(ARGS)

bench: setup ## Measure scoring side by side with its peers; ARGS="--quick --json"
	@$(BIN)/python -m benchmarks.bench $(ARGS)

profile: setup ## Flame graphs of the scoring service under load: time and allocations
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/profile.txt \
	  || $(PIP) --require-hashes -r requirements/profile.txt
	@$(BIN)/python -m benchmarks.profiling $(ARGS)

loadtest: setup ## Load both services, and look for every score in the ledger; ARGS="--quick --json"
	@$(BIN)/python -m loadtest $(ARGS)

soak: setup ## Load both services for ten minutes, and look for what grows; ARGS="--seconds 7200"
	@$(BIN)/python -m loadtest --watch --shape soak --seconds 600 --rate 100 $(ARGS)

scaling: setup ## Scale scoring 1, 3, 1 and replace it under load; needs docker; ARGS="--quick --json"
	@$(BIN)/python -m benchmarks.scaling $(ARGS)

check: setup lint ## Format check, lint, types, imports, advisories and unit tests, in under a minute
	@$(BIN)/python -m scripts.audit & audit=$$!; \
	$(BIN)/python -m pytest -q -n 2 --dist worksteal --hypothesis-profile=quick -m "not slow and not server" \
	  tests/unit && wait $$audit

lint: setup ## Check format, style, types and imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

audit: setup ## Compare what is installed with the advisories that are known
	@$(BIN)/python -m scripts.audit $(ARGS)

fmt: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: setup ## Pin the dependencies anew, with hashes
	@scripts/lock.sh

sbom: setup ## Write what the images would have in them (CycloneDX), to dist/sbom/
	@$(BIN)/python -m scripts.sbom

screenshots: setup ## Write pictures of the pages of the console, to docs/console/
	@$(BIN)/python -m scripts.screenshots $(ARGS)

openapi: setup ## Write the snapshots of the OpenAPI documents
	@$(BIN)/python -m crispml_training openapi > docs/openapi/training.json
	@$(BIN)/python -m crispml_scoring openapi > docs/openapi/scoring.json

dashboards: setup ## Write the dashboards of Grafana, after a change of scripts/dashboards
	@$(BIN)/python -m scripts.dashboards

access: setup ## Write the tables of docs/access.md out of the tables in code
	@PYTHONPATH=services/training:services/scoring $(BIN)/python -m scripts.access

ddl: setup ## Write what the migrations do on Db2, after a change of them
	@$(BIN)/python -m scripts.ddl

manifests: setup ## Write the rules of Prometheus for a cluster, after a change of deploy/prometheus
	@$(BIN)/python -m scripts.prometheus_rules

images: ## Build the images of both services; ARGS=--db2 adds those with the driver of Db2
	@scripts/images.sh $(ARGS)

wheelhouse: ## Gather what a build without a network needs, in dist/air-gap
	@scripts/wheelhouse.sh $(ARGS)

clean: ## Remove what was built, and the local stores of the demo
	@rm -rf $(VENV) .bench .loadtest .cache .crispml .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
