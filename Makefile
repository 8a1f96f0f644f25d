# What a person does here: `make demo`, `make test`. Everything lives in .venv; nothing else is touched.
#
#   make demo     install, then show camera → hazards → MQTT → pictures on bundled footage
#   make test     lint, then every test
#   make bench    measure Lookout beside three other loops, into build/bench; up to 40 minutes, nothing else running
#   make chaos    kill the agent a thousand times under load (KILLS=…); a quarter of an hour
#   make soak     run four cameras for HOURS=… and look whether memory, threads and handles stay
#   make train-test   the tests that train a model, where a Python with torch is (TRAIN_PYTHON=…)
#   make lint     ruff, mypy, import contracts
#   make format   put the code into ruff's form
#   make wheel    build dist/*.whl and dist/*.tar.gz
#   make lock     choose exact versions anew from pyproject.toml
#   make docs     write the pages that are made from the code
#   make clean    remove what the others made

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install demo test bench chaos soak train-test lint format wheel lock docs clean
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
# The first Python of at least 3.11 that can make virtual environments; PYTHON=… names another.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python3.14 python; do \
	"$$name" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
EDITABLE := --no-deps --no-build-isolation --editable .

help:
	@sed -n 's/^#   //p' Makefile

# The two stamps: the environment holds the lock's versions; the project is in it and its native parts load.
install: .venv/installed

.venv/locked: requirements.lock
	@test -n "$(PYTHON)" || { echo 'Lookout needs Python 3.11 or later with venv; none is on the path.' \
		'On Debian or Ubuntu: apt-get install python3 python3-venv. Or name one: make PYTHON=/path/to/python3' >&2; exit 2; }
	@echo 'Making .venv with $(PYTHON) …'
	@$(PYTHON) -m venv .venv
	@$(PIP) install --requirement requirements.lock
	@touch $@

.venv/installed: .venv/locked pyproject.toml edge/version.py
	@$(PIP) install $(EDITABLE)
	@$(BIN)/python -m edge.native
	@touch $@

demo: .venv/installed
	@$(BIN)/lookout demo

# What computes runs beside what waits for brokers, cameras and signals: on two cores that takes half the time less.
COMPUTING := tests/pipelines tests/calibration tests/edge/audit tests/edge/batch tests/edge/bench tests/edge/patrol tests/edge/inference \
	tests/edge/cli/evaluate tests/edge/cli/dataset tests/edge/cli/test_bench.py tests/edge/cli/test_inspect.py \
	tests/edge/cli/test_inspect_gear.py tests/edge/cli/test_patrol.py tests/edge/cli/test_release.py tests/edge/cli/rounds tests/edge/cli/calibrate \
	tests/edge/cli/test_retrain.py tests/test_docs.py tests/test_wheel.py
test: lint
	@mkdir -p build; \
	nice -n 5 $(BIN)/python -m pytest -p no:cacheprovider $(COMPUTING) >build/computing.txt 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest $(COMPUTING:%=--ignore=%); waiting=$$?; \
	wait $$beside; computing=$$?; cat build/computing.txt; \
	exit $$((waiting > computing ? waiting : computing))

# BENCH_PYTHON=… names a Python with the extra `train`, for loop A; BENCH_CLIPS=… a file of clips with their events.
BENCH_PYTHON ?= $(BIN)/python
BENCH_CLIPS ?=
bench: .venv/installed
	@$(BENCH_PYTHON) -m edge.cli bench $(if $(BENCH_CLIPS),--clips "$(BENCH_CLIPS)") --out build/bench

KILLS ?= 1000
chaos: .venv/installed
	@CHAOS_KILLS=$(KILLS) $(BIN)/python -m pytest -q -s tests/edge/delivery/test_chaos.py

HOURS ?= 0.75
soak: .venv/installed
	@SOAK_HOURS=$(HOURS) $(BIN)/python -m pytest -q -s tests/edge/agent/test_soak.py

# Torch is gigabytes and no part of .venv: these tests run with a Python that has the extra `train`, or not at all.
TRAIN_PYTHON ?= python3
train-test:
	@if "$(TRAIN_PYTHON)" -c 'import torch, ultralytics, pytest, pytest_timeout, hypothesis' 2>/dev/null; then \
		"$(TRAIN_PYTHON)" -m pytest -m train tests/pipelines/retraining tests/edge/cli/test_retrain.py -p no:cacheprovider -W default --timeout=1200; \
	else echo 'Tests that train are left out: $(TRAIN_PYTHON) lacks the extra train or dev.'; fi

lint: .venv/installed
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@contracts=$$(PYTHONPATH=. $(BIN)/lint-imports --no-logo) || { echo "$$contracts"; exit 1; }

format: .venv/installed
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format

wheel: .venv/installed
	@$(BIN)/python -m build --no-isolation

docs: .venv/installed
	@$(BIN)/python -m tests.commands_page docs/commands.md
	@$(BIN)/python -m tests.site_page

# A clean environment, the newest versions that pyproject.toml allows, written down exactly.
lock:
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip -qq install '.[dev]'
	@{ echo '# Exact versions for running and developing, written by `make lock`.'; \
		build/lock/bin/python -m pip freeze --exclude lookout-agent; } > requirements.lock
	@rm -rf build/lock

clean:
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis lookout-data
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
