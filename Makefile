# Every verb of the repository. `make` or `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCK := --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe
RUN_STAMP := $(VENV)/.run.stamp
TEST_STAMP := $(VENV)/.test.stamp
PACKAGES := rfid anpr lane_controller backoffice settlement simulators
ARGS ?=

.PHONY: help setup setup-test parts run lint format types imports duplicates test check unit prove bench schemas lock ci clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(RUN_STAMP): requirements/run.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed as '$(PYTHON)'; name another with: make PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(TEST_STAMP): $(RUN_STAMP) requirements/test.txt | parts
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

setup: $(RUN_STAMP) ## .venv with every console script (no compiler, no root)

setup-test: $(TEST_STAMP) ## what the tests need on top of it

parts: ## real parts for the tests: mosquitto, Kafka, ClickHouse, … (root on Debian; elsewhere says what is missing)
	@bash deploy/test-parts.sh || { test -z "$$CI" && echo "tests of missing parts are skipped, each with its reason"; }

run: setup ## a whole plaza with simulators; ARGS="--speed 2 --seed 7 --fresh"
	@exec $(BIN)/simulators plaza $(ARGS)

lint: setup-test ## style and defects
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup-test ## put the style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup-test ## mypy, strict
	$(BIN)/mypy

imports: setup-test ## imports run against the data flow
	$(BIN)/lint-imports

unit: setup-test ## the quick tests: no processes, no browser
	$(BIN)/pytest tests/unit tests/property tests/contract -q

check: lint types imports ## everything that reads the code

test: check ## everything: lint, types, imports and all tests, with real parts
	@echo "the tests with real parts run beside the others; their report comes last"
	@report=$$(mktemp); \
	$(BIN)/pytest -q -p no:cacheprovider tests/integration tests/e2e >$$report 2>&1 & beside=$$!; \
	$(BIN)/pytest -q tests/unit tests/property tests/contract; quick=$$?; \
	wait $$beside; real=$$?; cat $$report; rm -f $$report; \
	exit $$((quick > real ? quick : real))

prove: setup-test ## the long proofs: a million vehicles and inputs, 200 power cuts, a month offline (several hours)
	$(BIN)/pytest -q -rP -m proof --long --timeout=7200 tests

bench: setup-test ## measure, and write docs/benchmarks.md
	$(BIN)/python -m bench $(ARGS)

schemas: setup ## write the JSON Schemas of the messages anew
	$(BIN)/python -m lane_controller.contracts.export

lock: setup-test ## write requirements/*.txt anew from pyproject.toml
	$(BIN)/pip-compile -q $(LOCK) -o requirements/run.txt pyproject.toml
	$(BIN)/pip-compile -q $(LOCK) --extra test --extra cards --extra rtsp --extra openvino -o requirements/test.txt pyproject.toml

ci: test ## exactly what CI runs

clean: ## remove environments, caches and run data
	rm -rf $(VENV) .venv-train .parts data .mypy_cache .pytest_cache .ruff_cache .hypothesis
