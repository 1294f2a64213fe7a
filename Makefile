# ImageRoute. `make run` and `make test` do all their own set-up on a fresh machine; a second time they skip it.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
MONGO := SecantusDB==0.7.0b3
MONGO_VENV := .venv-mongo
SOURCES := imageroute_app tests rxconfig.py $(wildcard bench)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run dev test check format journeys bench bench-peers emulators catalogue soak coverage settings clean test-tools

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## Serve the product; builds the pages when their sources changed
	@exec python -m imageroute_app.serve

dev: $(VENV)/.dev ## Serve, and start again whenever a source changes
	@exec watchfiles --sigint-timeout 10 --filter python "python -m imageroute_app.serve" imageroute_app rxconfig.py assets

test: test-tools check ## Run every check and every test
	python -m pytest -m "not soak and not live" -n 2 --durations=10

check: $(VENV)/.dev ## Lint, format, types and layers, without tests
	ruff check $(SOURCES)
	ruff format --check $(SOURCES)
	lint-imports
	pyright

format: $(VENV)/.dev ## Correct the form of the code
	ruff check --fix $(SOURCES)
	ruff format $(SOURCES)

journeys: test-tools ## Run the tests that drive a browser
	python -m pytest tests/journeys

soak: test-tools ## Run the long tests
	python -m pytest -m soak

coverage: test-tools ## Show what no test reaches
	python -m pytest -m "not soak and not live" -n 2 --cov --cov-report=term-missing:skip-covered

bench: test-tools ## Measure the figures of PERFORMANCE.md
	python -m bench

bench-peers: test-tools ## Measure other products beside ours
	python -m bench.peers

emulators: $(VENV)/.dev ## Serve every provider's emulator on this machine, to try the product without a key
	python -m tests.emulators

catalogue: $(VENV)/.run ## Compare the catalogues with what the providers' free listings offer today
	python -m imageroute_app.adapters.listing

settings: $(VENV)/.run ## Write the settings into .env.example and the README
	python -m tests.architecture.settings_docs

clean: ## Remove what was built and cached; environments and data stay
	rm -rf .web .states .build.lock .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find imageroute_app tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.run: requirements.txt
	@test -x $(VENV)/bin/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "ImageRoute needs Python 3.11 or newer: make run PYTHON=/path/to/python3"; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(VENV)/bin/python $(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

# A MongoDB-compatible server for the contract tests: a process of its own, unless another server is named.
$(MONGO_VENV)/.$(MONGO):
	test -n "$$IMAGEROUTE_TEST_MONGODB_URI" || { $(PYTHON) -m venv --clear $(MONGO_VENV) && $(MONGO_VENV)/bin/python $(PIP_INSTALL) "$(MONGO)"; }
	@mkdir -p $(MONGO_VENV) && touch $@

test-tools: $(VENV)/.dev $(MONGO_VENV)/.$(MONGO)
	@bash tests/install_tools.sh
