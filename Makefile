# Everything a newcomer types. `make demo` shows the main job, `make test` proves it; both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := config crawlers fingerprints matcher notices dashboard
export PIP_DISABLE_PIP_VERSION_CHECK := 1
QUICK ?=
ARGS ?=

.PHONY: setup setup-dev demo test test-real-sites check lint lock clean browser help

help:  ## what can be typed here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(VENV)/.ready  ## make .venv with mekiki in it

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mekiki needs Python 3.11 or newer: make PYTHON=python3.11 setup")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

setup-dev: $(VENV)/.ready-dev  ## the same, with what the tests and checks need

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements-dev.lock
	touch $@

browser: $(VENV)/.ready-dev  ## find or install a Chromium for the browser tests
	$(BIN)/python -m tests.chromium --install

demo: setup  ## the main job on a world of its own, then the console on it
	$(BIN)/mekiki demo $(ARGS)

check: setup-dev  ## formatting, types, architecture and documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd / && $(CURDIR)/$(BIN)/mekiki --help > /dev/null
	$(BIN)/python -m pytest tests/test_architecture.py tests/test_docs.py tests/test_names.py

test: setup-dev browser  ## every test, on SQLite and on PostgreSQL
	$(BIN)/python -m pytest -n 2 $(ARGS)

test-real-sites: setup-dev  ## sweep a shop, a wiki, a gallery, a forum and players that others wrote
	$(BIN)/python -m tests.real_sites.software
	$(BIN)/python -m pytest tests/real_sites $(ARGS)

measure-%: setup-dev  ## measure-images, -video, -index, -crawl, -frontier: quality side by side with peers
	$(BIN)/python -m tests.measure.$* $(if $(QUICK),--quick,)

lock:  ## resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --extra browser --extra video --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements-dev.lock

clean:  ## remove what was built
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
