# `make demo` and `make test` need Python >= 3.11 with venv, and make; they set up the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One stamp per set of dependencies: made anew when what it depends on changes.
INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test

.PHONY: demo test quick lint bench clean

demo: $(INSTALLED)
	$(BIN)/python scripts/demo.py

test: lint
	$(BIN)/python -m pytest

# Leaves out what takes minutes: every challenge, the attacks at every level, the wheel.
quick: $(INSTALLED_TEST)
	$(BIN)/python -m pytest -m "not slow"

lint: $(INSTALLED_TEST)
	$(BIN)/ruff format --check drill tests benchmarks scripts
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(INSTALLED_TEST)
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "drill needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(INSTALLED_TEST): $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(INSTALLED) $@
