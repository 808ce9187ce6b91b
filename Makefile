# The commands people type. The work is done by scripts/ and platformctl.

PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

# Compiled files make the second start a second faster.
unexport PYTHONDONTWRITEBYTECODE

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: setup frontend  ## Set up what is missing, then serve on http://127.0.0.1:8000
	@exec $(BIN)/platformctl serve

dev: setup  ## Serve, and follow every change of the sources
	@exec $(BIN)/python -m scripts.dev

test: setup-dev  ## Everything that must pass before a merge
	@exec $(BIN)/python -m scripts.check --all $(ARGS)

check: setup-dev  ## The fast half: no browser, no PostgreSQL
	@exec $(BIN)/python -m scripts.check $(ARGS)

lint: setup-dev  ## Style, types and import contracts only
	@exec $(BIN)/python -m scripts.check --static

fix: setup-dev  ## Format, and repair what ruff can repair
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: setup-dev frontend  ## Measure against the figures we hold ourselves to
	@exec $(BIN)/python -m bench

migrate: setup  ## Bring the database to the newest schema
	@exec $(BIN)/platformctl db upgrade

seed: setup  ## Create the default roles and an administrator where they are missing
	@exec $(BIN)/platformctl seed

generate: setup-dev  ## Make the generated files again
	@exec $(BIN)/platformctl generate

screenshots: setup-dev frontend  ## Take the pictures of the documentation
	@exec $(BIN)/python -m scripts.screenshots

lock: setup-dev  ## Write the lock files anew (UPGRADE=1 takes the newest versions)
	@exec $(BIN)/python -m scripts.lock $(if $(UPGRADE),--upgrade)

docker-build:  ## Build the container image
	docker build --tag atrium .

clean:  ## Remove everything made by the commands above, except databases
	rm -rf .venv .build .web .web.next .web.old .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

setup:
	@$(PYTHON) scripts/setup.py

setup-dev:
	@$(PYTHON) scripts/setup.py --dev

frontend:
	@$(BIN)/python -m scripts.build_frontend

.PHONY: help run dev test check lint fix bench migrate seed generate screenshots lock docker-build clean setup setup-dev frontend
