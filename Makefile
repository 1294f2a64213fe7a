# ImageRoute. `make run` and `make test` do all their own set-up on a fresh machine; a second time they skip it.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
MONGO := SecantusDB==0.7.0b3
MONGO_VENV := .venv-mongo
PIP_AUDIT := pip-audit==2.10.1
SOURCES := imageroute_app tests rxconfig.py $(wildcard bench)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run dev test check format journeys journeys-real journeys-default promises metrics bench bench-peers emulators catalogue soak coverage audit settings clean test-tools

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.run ## Serve the product; builds the pages when their sources changed
	@exec python -m imageroute_app.serve

dev: $(VENV)/.dev ## Serve, and start again whenever a source changes
	@exec watchfiles --sigint-timeout 10 --filter python "python -m imageroute_app.serve" imageroute_app rxconfig.py assets

test: test-tools check ## Run every check and every test
	python -m pytest -m "not soak and not live and not real" -n 2 --durations=10 -rfER --rerun-show-tracebacks

check: $(VENV)/.dev ## Lint, format, types and layers, without tests
	ruff check $(SOURCES)
	ruff format --check $(SOURCES)
	lint-imports
	pyright

format: $(VENV)/.dev ## Correct the form of the code
	ruff check --fix $(SOURCES)
	ruff format $(SOURCES)

journeys: test-tools ## Run the tests that drive a browser
	python -m pytest tests/journeys -m "not real"

promises: test-tools ## Show promise, test and result for P1 to P77; fails while one is not proven (no part of `make test`)
	@python -m tests.promises

metrics: test-tools ## Run the tests that measure figures of /trust, and write what they found into the release
	@python -m tests.promises --metrics

journeys-real: test-tools ## Run the journeys with every real adapter on: MongoDB, Redis, Clerk, Dodo, Cloudinary, SMTP, three processes
	python -m pytest tests/journeys/test_real_services.py tests/journeys/test_scale.py

journeys-default: test-tools ## Run the same journeys (1, 8, 9 and 10) with every default on: one process, no service, no key
	python -m pytest tests/journeys/test_first_picture.py tests/journeys/test_downloads.py tests/journeys/test_payments.py \
		tests/journeys/test_export.py tests/journeys/test_privacy_center.py

soak: test-tools ## Run the long tests
	python -m pytest -m soak -s
	python -m bench.database "$${SOAK_DIR:-.soak}" 1000000

coverage: test-tools ## Show what no test reaches
	python -m pytest -m "not soak and not live and not real" -n 2 --cov --cov-report=term-missing:skip-covered

bench: test-tools ## Measure the figures of PERFORMANCE.md
	python -m bench

bench-peers: test-tools ## Measure other products beside ours
	python -m bench.peers

emulators: $(VENV)/.dev ## Serve every provider's emulator on this machine, to try the product without a key
	python -m tests.emulators

catalogue: $(VENV)/.run ## Compare the catalogues with what the providers' free listings offer today
	python -m imageroute_app.adapters.listing

audit: $(VENV)/.dev ## Check licences, write the SBOM (sbom.cdx.json), ask for known weaknesses; fails where nobody answers
	python -m tests.supply licences
	python -m tests.supply sbom sbom.cdx.json
	test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/python $(PIP_INSTALL) "$(PIP_AUDIT)"; }
	python -m tests.supply advisories .venv-audit/bin/pip-audit

settings: $(VENV)/.run ## Write the settings into .env.example and the README
	python -m tests.architecture.settings_docs

clean: ## Remove what was built and cached; environments and data stay
	rm -rf .web .states .soak .build.lock .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
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
