# Every target prepares the environment it needs from the hashed lock files in requirements/.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# What `make install` adds to the bot: nothing, charts or train.
EXTRAS ?=
# Processes that share the tests; 0 runs them in one, as a debugger needs.
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help install demo test test-faults coverage check format lock evaluate bench bench-gateway bench-model bench-policy bench-worst mutants docs site screenshots train clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.$(or $(EXTRAS),run)  ## the bot; EXTRAS=charts adds charts, EXTRAS=train training too
	@echo "Installed. Next: cp config.example.toml config.toml, then $(BIN)/bellwether run"

demo: $(VENV)/.demo  ## the bot on a simulated Discord, in the browser
	@$(BIN)/bellwether demo

test: $(VENV)/.dev  ## the test suite, in JOBS=2 processes; ARGS='-k name' for a part of it
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

coverage: $(VENV)/.dev  ## what the tests run of bot/ and model/, processes of their own included
	rm -f .coverage .coverage.*
	JOBLIB_MULTIPROCESSING=0 $(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal --timeout 600 --cov --cov-report=term:skip-covered $(ARGS)

test-faults: $(VENV)/.dev  ## kill -9, lost answers, garbage, full disks; KILLS=100, some minutes; JOBS=0 for figures
	rm -f runs/faults.jsonl
	$(BIN)/python -m pytest -m faults --numprocesses $(JOBS) --dist worksteal tests $(ARGS)

mutants: $(VENV)/.dev  ## mutation tests; SAMPLE=40 mutants of each target, SEED=1
	$(BIN)/python -m bench.mutants --sample $(or $(SAMPLE),0) --seed $(or $(SEED),1) $(ARGS)

check: $(VENV)/.dev  ## format, lint, types, trailing whitespace
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	! git grep -InE '[[:blank:]]+$$'

format: $(VENV)/.dev  ## correct what check finds, where ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train: $(VENV)/.dev  ## DATA_DIR=… is a folder with local copies of the data
	$(BIN)/bellwether train $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

evaluate: $(VENV)/.dev  ## every figure of the model card; needs DATA_DIR
	$(BIN)/bellwether evaluate --card $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

bench-model: $(VENV)/.bench  ## speed against scikit-learn's own path and alt-profanity-check
	$(VENV)-bench/bin/python -m bench.model

bench-gateway: $(VENV)/.dev  ## 5,000 real messages through the bot as a process; needs DATA_DIR
	$(BIN)/python -m bench.replay --data-dir "$(DATA_DIR)"

bench: $(VENV)/.dev  ## against a bare client and the naive bot, on a stand-in Discord
	$(BIN)/python -m bench.gateway $(ARGS)

bench-policy: $(VENV)/.dev  ## a decision under a fresh server's rules and under 200 overrides
	$(BIN)/python -m bench.policy

bench-worst: $(VENV)/.dev  ## a search for the text that costs most CPU; two minutes
	$(BIN)/python -m bench.worst_text $(ARGS)

docs: $(VENV)/.dev  ## the generated part of docs/
	$(BIN)/bellwether commands > docs/commands.md
	$(BIN)/python -m model.card

site: $(VENV)-docs/.done  ## the documentation as a site, in build/site; fails on broken links
	$(VENV)-docs/bin/mkdocs build --strict

screenshots: $(VENV)/.dev  ## the pictures of a moderator's round in the README; needs Chromium
	$(BIN)/python -m tests.round docs

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Bellwether needs Python 3.11 to 3.13, but $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another one: make install PYTHON=python3.12" >&2; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv $(VENV)

SETS := $(addprefix $(VENV)/., run charts train demo)
$(SETS): $(VENV)/.%: requirements/%.txt pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python requirements/install.py $*
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.demo
	@$(BIN)/python requirements/install.py dev
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/bench.txt
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)-docs/.done: requirements/docs.txt
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/docs.txt
	@touch $@

lock:  ## needs uv; one file for every supported Python, with hashes and without index addresses
	for set in run charts train demo dev bench; do \
	  case $$set in run) more="";; charts|train|demo) more="--extra $$set";; bench) more="--extra train --group bench";; dev) more="--extra demo --extra train --extra mlflow --group dev";; esac; \
	  uv pip compile pyproject.toml --universal --python-version 3.11 --group build $$more --quiet \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
	    --output-file requirements/$$set.txt || exit 1; \
	done
	uv pip compile --universal --python-version 3.11 --group docs --quiet \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
	  --output-file requirements/docs.txt

clean:  ## remove what the other targets made, except runs/ and data/
	rm -rf $(VENV) $(VENV)-bench $(VENV)-docs .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
