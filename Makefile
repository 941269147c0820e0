# PYTHON=/path/to/python3 chooses the Python that .venv is made with.
PY := .venv/bin/python
CAMERAS ?= 1
PHOTOS ?=
API_PORT ?= 8000
S3_PORT ?= 9000
HOST ?= 127.0.0.1
TEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help env run test check lint types floors bench soak clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

env: ## make .venv or bring it up to date
	@tools/make-env

run: env ## start the local cloud: CAMERAS=1 PHOTOS=dir API_PORT=8000 S3_PORT=9000 HOST=127.0.0.1
	@exec $(PY) -m infra.local --cameras $(CAMERAS) --api-port $(API_PORT) --s3-port $(S3_PORT) --host $(HOST) \
		$(if $(PHOTOS),--photos "$(PHOTOS)")

test: ## install what the tests need and run them all
	@tools/run-tests -n $(TEST_WORKERS) --dist loadfile

check: lint types floors test ## everything that CI runs

lint: env ## style and common mistakes (ruff)
	$(PY) -m ruff check

types: env ## types (mypy --strict)
	$(PY) -m mypy

floors: env ## imports point down only (import-linter), app.py holds no logic
	.venv/bin/lint-imports --no-logo
	$(PY) -m pytest tests/unit/test_house.py

bench: env ## measure, print the table, write .local/bench.json
	$(PY) -m bench

soak: ## the same tests with many more Hypothesis examples
	@HYPOTHESIS_PROFILE=soak tools/run-tests -n $(TEST_WORKERS) --dist loadfile

clean: ## remove .venv, .local and all caches
	rm -rf .venv .local .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
