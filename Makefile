# PYTHON=/path/to/python3 chooses the Python that .venv is made with.
PY := .venv/bin/python
CAMERAS ?= 1
CAMERA ?= simulated
PHOTOS ?=
API_PORT ?= 8000
S3_PORT ?= 9000
HOST ?= 127.0.0.1
LINK ?=
STATION ?= 0
STATION_PORT ?= 8080
# More than cores: a test often waits, for a browser or for a time to pass.
TEST_WORKERS ?= 3
# A deploy: STAGE=prod, and PARAMETERS="AlarmEmail=me@example.org MonthlyBudgetUsd=10" of infra/template.yaml.
STAGE ?=
ACCOUNT ?=
FLEET ?= 2
PARAMETERS ?=
CONFIRM ?=
DEPLOY = $(PY) -m infra.deploy $@ --stage "$(STAGE)" --cameras $(FLEET) \
	$(if $(ACCOUNT),--account $(ACCOUNT)) $(foreach parameter,$(PARAMETERS),--parameter "$(parameter)")

.DEFAULT_GOAL := help
.PHONY: help env run test firmware-test firmware-analysis firmware flash check lint types floors rehearse plan deploy destroy redrive bench soak console-libs screenshots clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-17s %s\n", $$1, $$2}' Makefile

env: ## make .venv or bring it up to date
	@tools/make-env

run: env ## start the local cloud: CAMERAS=1 CAMERA=firmware PHOTOS=dir API_PORT=8000 S3_PORT=9000 HOST=127.0.0.1 LINK=hotspot STATION=1 STATION_PORT=8080
	@exec $(PY) -m infra.local --cameras $(CAMERAS) --camera $(CAMERA) --api-port $(API_PORT) --s3-port $(S3_PORT) --host $(HOST) \
		--station $(STATION) --station-port $(STATION_PORT) \
		$(if $(PHOTOS),--photos "$(PHOTOS)") $(if $(LINK),--link "$(LINK)")

test: ## install what the tests need and run them all
	@tools/run-tests -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

firmware-test: ## build the firmware for this machine and test it: sanitizers, clang-tidy, cppcheck, fuzzing
	@tools/firmware-test

firmware-analysis: ## what clang's static analyzer sees in the firmware; takes some minutes
	@tools/build-firmware test analyze

firmware: ## build the firmware for the board (PlatformIO)
	@tools/board-firmware

flash: ## build the firmware and write it to the board that is plugged in
	@tools/board-firmware upload

check: lint types floors test firmware-analysis rehearse ## everything that CI runs

lint: env ## style and common mistakes (ruff)
	$(PY) -m ruff check

types: env ## types (mypy --strict)
	$(PY) -m mypy

floors: env ## imports point down only (import-linter), app.py holds no logic
	.venv/bin/lint-imports --no-logo
	$(PY) -m pytest tests/unit/test_house.py

rehearse: env ## the real chalice deploy against moto, the functions run from their zip, runs broken off at every change
	@$(PY) -m infra.rehearse

plan: env ## what a deploy would change, and what a month costs: STAGE=prod FLEET=2
	@$(DEPLOY)

deploy: env ## into your AWS account: STAGE=prod ACCOUNT=... PARAMETERS="AlarmEmail=... MonthlyBudgetUsd=10"
	@$(DEPLOY)

destroy: env ## take it away and keep the photos: STAGE=prod; to delete them too, CONFIRM=frameferry-prod
	@$(DEPLOY) $(if $(CONFIRM),--delete-photos --confirm "$(CONFIRM)")

redrive: env ## tell the dead letters again: STAGE=prod
	@$(DEPLOY)

bench: env ## measure, print the table, write .local/bench.json
	$(PY) -m bench

soak: ## the same tests with many more Hypothesis examples
	@HYPOTHESIS_PROFILE=soak tools/run-tests -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

screenshots: env ## the pictures of the console that the docs show, into docs/pictures
	$(PY) -m tests.browser.screenshots

console-libs: ## bundle what the console takes from others into chalicelib/console (needs node)
	@tools/console-libs/build

clean: ## remove .venv, .local and all caches
	rm -rf .venv .local .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
