# The one task runner.  `make help` lists the tasks; python3 (3.11 or later), pip and make are enough.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
ARGS ?=
ONLY ?=

# for an empty environment
PATH ?= /usr/local/bin:/usr/bin:/bin
export PATH

BIN := $(VENV)/bin
RUN := $(VENV)/.ready-run
DEV := $(VENV)/.ready-dev
BENCH := .venvs/bench/.ready-bench
PEERS := .venvs/peers/.ready-peers

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-all test-oldest check format docs bench rules changelog clean

help:  ## List the tasks
	@echo 'usage: make TASK [ARGS="more arguments"]'
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*##  *\(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s%s\n", $$1, $$2 }'

demo: $(RUN)  ## Show the report of a sample log, by campaign
	@$(BIN)/leadlib report examples/sample_log.csv --by campaign $(ARGS)

test: $(DEV)  ## Run the tests, without the slow ones
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow" $(ARGS)

test-slow: $(DEV) $(PEERS)  ## Run all tests, also on Spark, every law with 2,000 random examples
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group slow
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n $(JOBS) $(ARGS)
	HYPOTHESIS_PROFILE=thorough .venvs/peers/bin/python -m pytest -n $(JOBS) tests/test_peers.py

test-all:  ## Run the tests under every Python from 3.11 on that is found here
	@$(PYTHON) scripts/every_python.py

test-oldest:  ## Run the tests with the oldest dependencies that are allowed
	@$(PYTHON) scripts/environment.py .venvs/oldest dev
	.venvs/oldest/bin/python -m pip install --quiet "attrs==23.1.0" "python-dateutil==2.8.2"
	.venvs/oldest/bin/python -m pytest -n $(JOBS) -m "not slow" $(ARGS)

check: $(DEV)  ## Lint, format, types, and the floors of the architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(DEV)  ## Put the code into its form, and mend what can be mended without thought
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

docs: $(DEV)  ## Build the pages in docs/_build/html; a warning is an error
	@$(BIN)/python scripts/findings.py
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo 'open docs/_build/html/index.html'

bench: $(BENCH)  ## Run the benchmarks, or one of them: make bench ONLY=qualification
	.venvs/bench/bin/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(ARGS)

rules:  ## List the requirement rows that the tests prove
	@$(PYTHON) scripts/rules.py

changelog: $(DEV)  ## Show what the next release will announce
	@$(BIN)/towncrier build --draft

clean:  ## Remove the environments and everything that was built
	rm -rf .venv .venvs build dist docs/_build .coverage .hypothesis .import_linter_cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find src tests scripts docs -type d -name __pycache__ -prune -exec rm -rf {} +

# A light environment for running the package, a full one for working on it.  Both live in $(VENV);
# each is made again only when what it is made of has changed.
$(RUN): pyproject.toml scripts/environment.py
	@$(PYTHON) scripts/environment.py $(VENV) run

$(DEV): pyproject.toml scripts/environment.py
	@$(PYTHON) scripts/environment.py $(VENV) dev

# The rivals have an environment of their own: some of them hold dependencies of ours back.
$(BENCH): pyproject.toml scripts/environment.py
	@$(PYTHON) scripts/environment.py .venvs/bench bench

# So has what our numbers are checked against, where it cannot stand beside the tools.
$(PEERS): pyproject.toml scripts/environment.py
	@$(PYTHON) scripts/environment.py .venvs/peers peers
