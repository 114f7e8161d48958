# Everything a person needs to try, run and change Earshot. `make` alone lists it.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(if $(shell $(name) -c 'import sys; print("new" if sys.version_info >= (3, 11) else "")' 2>/dev/null),$(name))))
BIN := .venv/bin
# Stamps of the environment: with what Earshot runs on, and with what tests and checks take besides.
READY := .venv/ready
READY_DEV := .venv/ready-dev
# What looks at the others' supply chain, apart from them.
TOOLS := .venv/tools
# Two more processes than there are processors: tests also wait, for servers and for clocks.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() or 1, 4) + 2)')
PYTEST = $(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# Images of containers often forbid bytecode; then every process that starts compiles Dagster anew, which takes seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo ui test test-fast coverage bench trials pins licences sbom audit lint style types layers sql format clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the environment in .venv, from pinned versions

demo: $(READY) ## Invent a podcast network, measure it, and send its sponsor reports into .earshot/outbox
	@$(BIN)/earshot demo

ui: $(READY) ## Open Dagster on the private database (schedules, runs, backfills)
	@$(BIN)/earshot ui

test: $(READY_DEV) ## Run the tests, on a private database of their own
	@$(PYTEST) $(ARGS)

test-fast: $(READY_DEV) ## Run the tests but for the files that take more than ten seconds
	@$(PYTEST) -m "not slow" $(ARGS)

coverage: $(READY_DEV) ## Run the tests and say which lines none of them reaches (half as much processor time again)
	@$(PYTEST) --cov --cov-report term $(ARGS)

bench: $(READY_DEV) ## Measure listening, a giant tenant, attribution (beside others, in environments of their own), imports, reports, intervals and agents
	@$(BIN)/python -m benchmarks.listening
	@$(BIN)/python -m benchmarks.giant
	@$(BIN)/python -m benchmarks.attribution
	@$(BIN)/python -m benchmarks.importing
	@$(BIN)/python -m benchmarks.reports
	@$(BIN)/python -m benchmarks.morning
	@$(BIN)/python -m benchmarks.coverage
	@$(BIN)/python -m benchmarks.agents

trials: $(READY_DEV) ## Kill, restart, fill up and soil what a large installation stands on, and compare what it computes (long)
	@$(BIN)/python -m tests.trials.dirty_month
	@$(BIN)/python -m tests.trials.late_month
	@$(BIN)/python -m tests.trials.kills
	@$(BIN)/python -m tests.trials.storage
	@$(BIN)/python -m tests.trials.replica
	@$(BIN)/python -m tests.trials.clocks
	@$(BIN)/python -m tests.trials.delivery
	@$(BIN)/python -m tests.trials.machines
	@$(BIN)/python -m tests.trials.editions

pins: $(READY_DEV) ## Write deploy/requirements.txt and deploy/tools.txt anew, with hashes, after a change of constraints.txt
	@$(BIN)/python .ci/pin.py

licences: .earshot/image/ready ## Write docs/licences.md anew, and fail for a licence that deploy/licences.toml does not allow
	@$(BIN)/python .ci/licences.py .earshot/image

sbom: .earshot/image/ready $(TOOLS)/ready ## List what the image holds in .earshot/sbom.cdx.json (CycloneDX)
	@$(BIN)/python .ci/sbom.py $(TOOLS) .earshot/image .earshot/sbom.cdx.json

audit: $(TOOLS)/ready ## Look for known weaknesses of the pinned versions; ADVISORIES=FOLDER: by a copy of PyPA's database
	@$(BIN)/python .ci/audit.py $(TOOLS) $(ADVISORIES)

# What the image would install, by hash, for its Python and not for the one here.
.earshot/image/ready: deploy/requirements.txt $(READY_DEV)
	@rm -rf .earshot/image
	@$(BIN)/uv pip install --quiet --target .earshot/image --python $(BIN)/python --python-version 3.13 \
		--python-platform x86_64-manylinux_2_28 --require-hashes --no-deps --requirement deploy/requirements.txt
	@touch $@

$(TOOLS)/ready: deploy/tools.txt $(READY_DEV)
	@$(PYTHON) -m venv --clear $(TOOLS)
	@$(BIN)/uv pip install --quiet --python $(TOOLS)/bin/python --require-hashes --requirement deploy/tools.txt
	@touch $@

lint: style types layers sql ## Check style, types, layers and SQL; each is a target of its own

style: $(READY_DEV)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY_DEV)
	@$(BIN)/mypy

layers: $(READY_DEV)
	@$(BIN)/lint-imports

sql: $(READY_DEV)
	@$(BIN)/sqlfluff lint --processes 2 sql

format: $(READY_DEV) ## Put the code into its usual form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

clean: ## Remove the private database, everything under .earshot, and the virtual environment
	@if [ -x $(BIN)/earshot ]; then $(BIN)/earshot db down --wipe; fi
	@rm -rf .earshot .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

define environment
	@if [ -z "$(PYTHON)" ]; then \
		echo "Earshot needs Python 3.11 or newer, and none was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "Earshot needs Python 3.11 or newer, and $(PYTHON) does not run here or is older. Name another: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi
	@if ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$(PYTHON) cannot make virtual environments here. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; \
	fi
	@test -x $(BIN)/python || { echo "Making the virtual environment .venv ..."; $(PYTHON) -m venv .venv; }
	@echo "Installing Earshot and what it needs into .venv (a minute or less) ..."
	@$(BIN)/python .ci/install.py $(1)
	@touch $(READY) $@
endef

# Made again when the dependencies change.
$(READY): pyproject.toml constraints.txt .ci/install.py
	$(call environment)

$(READY_DEV): pyproject.toml constraints.txt .ci/install.py
	$(call environment,dev)
