# make demo: install and run the main job on the demo utility.   make test: the whole test suite.   make soak: what takes longer.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export WSS_HOME ?= $(CURDIR)/workspace
export DO_NOT_TRACK = 1
export PREFECT_SERVER_ANALYTICS_ENABLED = false

.PHONY: setup demo test soak bench lab lint lock docs clean

setup: $(VENV)/.installed  ## install everything, at the locked versions, into .venv

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --compile-bytecode --require-hashes --requirement requirements.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --compile-bytecode --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup  ## the main job: SCADA files in, a proven plan out
	$(BIN)/wss demo

test: setup lint  ## every test, on two processes
	$(BIN)/python -m pytest -n 2

soak: setup  ## what takes longer and can fail: soak tests, pump cases, hostile files, processes at once, our verdict and the judge's
	$(BIN)/python -m pytest -m soak
	$(BIN)/python benchmarks/pumps.py
	$(BIN)/python benchmarks/fuzz.py 10000
	$(BIN)/python benchmarks/stress.py
	$(BIN)/python benchmarks/variants.py --drawn 8
	$(BIN)/python benchmarks/verdicts.py --plans 4

lint: setup  ## style, import contracts, types of new packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

bench: setup  ## the benchmarks, one after the other
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

lab: setup  ## JupyterLab on the notebooks
	$(BIN)/wss lab

lock:  ## renew requirements.lock and environment.yml from pyproject.toml
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet pyproject.toml --output-file requirements.lock
	$(BIN)/python .ci/environment.py

docs: setup  ## renew the generated pages of docs/
	$(BIN)/python -m wss.config.document docs
	$(BIN)/python -m wss.records.document docs

clean:  ## remove what make setup and make test made; the workspace stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
