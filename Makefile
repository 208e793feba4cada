# Muniment. The two commands a newcomer needs: `make portal` and `make test`.
# Everything is installed into .venv from hash-locked files; nothing outside this folder is touched
# (`make test` may install Debian's Chromium where it is missing and the user may do so).

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A lock is whole: nothing is left to resolve. Older pips, asked to, look at `pydantic[email]` before the pin
# of pydantic, take the newest release for it and then refuse that release for having no hash.
LOCKED := install --require-hashes --no-deps
RUNTIME_LOCK := requirements/runtime.lock
DEV_LOCK := requirements/dev.lock
INTEGRATIONS_LOCK := requirements/integrations.lock
BENCH_LOCK := requirements/bench.lock
REFERENCES_LOCK := requirements/references.lock

# A stamp carries the checksum of what it was made from, so an unchanged lock costs nothing and a
# changed one is installed whatever the files' times say.
key = $(shell cat $(1) pyproject.toml | cksum | cut -d' ' -f1)
RUNTIME := $(VENV)/.runtime-$(call key,$(RUNTIME_LOCK))
DEV := $(VENV)/.dev-$(call key,$(RUNTIME_LOCK) $(DEV_LOCK))
INTEGRATIONS_NPM := tests/integrations/package.json
INTEGRATIONS := build/integrations/.ready-$(call key,$(INTEGRATIONS_LOCK) $(INTEGRATIONS_NPM))
BENCH := build/bench/.ready-$(call key,$(BENCH_LOCK))
REFERENCES := build/references/venv/.ready-$(call key,$(REFERENCES_LOCK))

BROWSERS := chromium chromium-browser google-chrome

.PHONY: help portal test test-slow test-integrations references lint fuzz serve bench lock reseal docs docs-screenshot browser clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

portal: $(RUNTIME)  ## check, verify and build the portal of the example into build/site
	@$(BIN)/muniment check
	@$(BIN)/muniment verify
	@$(BIN)/muniment build

test: lint browser  ## lint, types, layers and every test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not integration and not online"

lint: $(DEV)  ## lint, types and layers only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-slow: $(DEV) browser  ## only the tests marked slow
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "slow and not integration and not online"

test-integrations: $(DEV) $(INTEGRATIONS)  ## tests that need foreign tools, installed apart
	$(BIN)/python -m pytest tests/integrations -m integration

FUZZ_SECONDS := 60

fuzz: $(DEV)  ## throw inputs at the loader and the expressions for FUZZ_SECONDS (60)
	$(BIN)/python tests/fuzz.py $(FUZZ_SECONDS)

references: $(DEV) $(REFERENCES)  ## compute the reference numbers again by R (where it is) and by Python's peers
	$(BIN)/python tests/references/cases.py
	@if command -v Rscript >/dev/null 2>&1; then TZ=UTC Rscript tests/references/peers.R; \
	else echo "There is no Rscript: tests/references/r.json stays as it is (tests/references/README.md says what to install)." >&2; fi
	build/references/venv/bin/python tests/references/peers.py
	PYTHONPATH=tests $(BIN)/python -m references.report

serve: $(RUNTIME)  ## serve the portal and rebuild it when the evidence changes
	@$(BIN)/muniment serve

bench: $(DEV) $(BENCH)  ## side-by-side benchmarks (most of an hour); bench/README.md says how to read them
	@echo "bench/measure.py"; $(BIN)/python bench/measure.py --full --write
	@echo "bench/check.py"; $(BIN)/python bench/check.py --bundles 1 10 200 2000 10000 --write
	@echo "bench/hashing.py"; $(BIN)/python bench/hashing.py --write
	@echo "bench/seals.py"; $(BIN)/python bench/seals.py --write

reseal: $(DEV)  ## make a fresh local trust domain and seal the example anew
	$(BIN)/python evidence/prognosis-180/pipeline/reseal.py

docs: $(DEV)  ## write the reference again from code, schemas and policies
	$(BIN)/python docs/generate.py

docs-screenshot: $(DEV) portal browser  ## take the picture in the README again
	$(BIN)/python docs/screenshot.py

UV_COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --universal --python-version 3.11.0

lock: $(DEV)  ## resolve the dependencies again and write the locks
	$(UV_COMPILE) pyproject.toml --group build -o $(RUNTIME_LOCK)
	$(UV_COMPILE) pyproject.toml --group build --group dev -c $(RUNTIME_LOCK) -o $(DEV_LOCK)
	$(UV_COMPILE) --group integrations -o $(INTEGRATIONS_LOCK)
	$(UV_COMPILE) --group bench -o $(BENCH_LOCK)
	$(UV_COMPILE) --group references -o $(REFERENCES_LOCK)

clean:  ## delete what was built, and the caches; .venv stays
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- what the targets above rest on -----------------------------------------------------------

$(VENV)/bin/python:
	@set -e; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Muniment needs Python 3.11 or newer and found none: install it (Debian: apt-get install python3 python3-venv), or name one with make PYTHON=/path/to/python." >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	  echo "$$found lacks the venv module: install it (Debian: apt-get install python3-venv) and run make again." >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv $(VENV)

$(RUNTIME): | $(VENV)/bin/python
	@echo "installing the locked dependencies (about a minute the first time)"
	@$(PIP) $(LOCKED) -r $(RUNTIME_LOCK)
	@$(PIP) install --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.runtime-*
	@touch $@

$(DEV): $(RUNTIME)
	@echo "installing what the tests need"
	@$(PIP) $(LOCKED) -r $(DEV_LOCK)
	@rm -f $(VENV)/.dev-*
	@touch $@

$(INTEGRATIONS): | $(VENV)/bin/python
	@$(BIN)/python -m venv --clear build/integrations
	@build/integrations/bin/python -m pip --disable-pip-version-check --quiet $(LOCKED) -r $(INTEGRATIONS_LOCK)
	@command -v npm >/dev/null 2>&1 || { echo "The YAML language server and Sigstore for npm run on Node.js: install it (Debian: apt-get install nodejs npm)." >&2; exit 1; }
	@ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || { echo "A test moves the clock of a process with libfaketime: install it (Debian: apt-get install faketime)." >&2; exit 1; }
	@cp $(INTEGRATIONS_NPM) build/integrations/
	@cd build/integrations && npm install --silent --ignore-scripts --no-package-lock --no-audit --no-fund
	@touch $@

$(BENCH): | $(VENV)/bin/python
	@$(BIN)/python -m venv --clear build/bench
	@build/bench/bin/python -m pip --disable-pip-version-check --quiet $(LOCKED) -r $(BENCH_LOCK)
	@touch $@

$(REFERENCES): | $(VENV)/bin/python
	@$(BIN)/python -m venv --clear build/references/venv
	@build/references/venv/bin/python -m pip --disable-pip-version-check --quiet $(LOCKED) -r $(REFERENCES_LOCK)
	@touch $@

browser:
	@for name in $(BROWSERS); do command -v "$$name" >/dev/null 2>&1 && exit 0; done; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true >/dev/null 2>&1; then as="sudo -n"; else as=none; fi; \
	if [ "$$as" = none ] || ! command -v apt-get >/dev/null 2>&1; then \
	  echo "The tests drive a real browser and found none: install Chromium (Debian: apt-get install chromium) and run make test again." >&2; exit 1; \
	fi; \
	echo "installing chromium for the browser tests"; \
	$$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
