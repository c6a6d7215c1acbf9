# `make demo` needs Python 3.11 and a package index, nothing else. `make test` also installs the real parts.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Two workers: the machines that this is tested on have two cores.
PYTEST = $(BIN)/python -m pytest -q -n 2

.PHONY: help demo test check format campaign lock clean

help:
	@sed -n 's/^## //p' Makefile

$(VENV)/.base: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	touch $@

$(VENV)/.all: requirements-all.lock $(VENV)/.base
	.ci/system-packages
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-all.lock
	touch $@

## make demo            the whole job on 200 synthetic people; papers and pictures in ./ektp-demo
demo: $(VENV)/.base
	$(BIN)/ektp demo --cards 200 --seed 7 --faults typical

## make test            installs what the tests need and runs all of them
test: check
	$(PYTEST) tests/contract tests/integration tests/golden tests/vectors tests/e2e
	$(PYTEST) -m slow tests/unit

## make check           format, lint, types, imports, docstrings, unit tests
check: $(VENV)/.all
	$(MAKE) --no-print-directory -j 3 --output-sync=target lint types unit

.PHONY: lint types unit
lint: $(VENV)/.all
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/interrogate -q ektp personalization printers hsm inspection simulation pipeline flows console

types: $(VENV)/.all
	$(BIN)/mypy

unit: $(VENV)/.all
	$(PYTEST) -m "not slow" tests/unit

## make format          write the house's format
format: $(VENV)/.all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## make campaign NAME=… an issue's figure in full, resumable; evidence in docs/evidence/NAME.json
campaign: $(VENV)/.all
	$(BIN)/python -m benchmarks.campaigns $(NAME)

## make lock            resolve the dependencies again (needs uv)
lock:
	uv lock --upgrade
	uv export --quiet --frozen --no-emit-project --no-dev --group build --no-header -o requirements.lock
	uv export --quiet --frozen --no-emit-project --all-extras --all-groups --no-header -o requirements-all.lock

clean:
	rm -rf $(VENV) build *.egg-info
