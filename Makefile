# The same commands here and in CI. Each needs Python 3.11+, git and make, and builds what it needs by itself.

PYTHON ?= python3
BIN := .venv/bin
# Most tests wait for brokers, clocks and child processes, so two cores have time for three; each starts a broker of its own.
# In the order of the folders the long ones come first, and the many short ones fill the end.
WORKERS ?= 3
ENVIRONMENT := .venv/.installed
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help dev demo demo-kafka demo-postgres test hunt hunt-changes hunt-kills check bench bench-full docs kafka lock clean
.DELETE_ON_ERROR:

help: ## Show this help
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 20

dev: $(ENVIRONMENT) ## Create .venv from the lock file (again when it changes)

# From nothing whenever the lock changes, so that no package of yesterday stays behind.
.venv/.locked: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

$(ENVIRONMENT): .venv/.locked pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(ENVIRONMENT) ## Watch a ministry write to 100 committees, on a ledger in a file (build/demo)
	@rm -rf build/demo
	@$(BIN)/ortoo demo --dir build/demo

demo-kafka: $(ENVIRONMENT) ## The same on an Apache Kafka broker, started for it (build/demo-kafka)
	@rm -rf build/demo-kafka
	@$(BIN)/python -m tests.kafka_broker --stay -- $(BIN)/ortoo demo --dir build/demo-kafka --at kafka://{bootstrap}/demo

demo-postgres: $(ENVIRONMENT) ## The same with each station's database on a PostgreSQL, started for it (build/demo-postgres)
	@rm -rf build/demo-postgres
	@$(BIN)/python -m tests.postgres_server --stay -- $(BIN)/ortoo demo --dir build/demo-postgres --store-url {url}

test: $(ENVIRONMENT) ## Run all tests (with a real Apache Kafka; TESTS=path to run some, WORKERS=0 to run them one by one)
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

# What takes longest is repeated less often; each part still goes far beyond what `make test` does of it.
hunt: hunt-changes hunt-kills ## Change millions of records and proofs, kill thousands of processes, try interleavings: two hours, one with -j2

hunt-changes: $(ENVIRONMENT)
	HUNT=100 $(BIN)/python -m pytest tests/property/test_codec_fuzz.py tests/property/test_evidence_mutations.py tests/property/test_hostile_witness_requests.py tests/contract/test_timestamp_tokens.py tests/faults/test_audit_attacks.py
	HUNT=25 $(BIN)/python -m pytest tests/property/test_interleavings.py tests/property/test_approval_routes.py tests/property/test_letters_lives.py

hunt-kills: $(ENVIRONMENT)
	HUNT=100 $(BIN)/python -m pytest tests/faults/test_killed_stations.py tests/faults/test_killed_witnesses.py
	HUNT=25 $(BIN)/python -m pytest tests/faults/test_killed_submitters.py tests/faults/test_killed_commands.py tests/faults/test_killed_signers.py

check: $(ENVIRONMENT) ## Check format, lint, types, layers and house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/test_layout.py tests/test_imports.py tests/test_tidy.py

bench: $(ENVIRONMENT) ## Measure the quick set against bare loops, in under five minutes (build/bench.json)
	@$(BIN)/python -m benchmarks

bench-full: $(ENVIRONMENT) ## Measure the large sizes, which takes half an hour (and docs/reference/performance.md)
	@$(BIN)/python -m benchmarks --full --page

docs: $(ENVIRONMENT) ## Generate the reference pages under docs/reference
	$(BIN)/python -m cli.reference

kafka: $(ENVIRONMENT) ## Run an Apache Kafka broker to play with, until interrupted
	@$(BIN)/python -m tests.kafka_broker

lock: ## Resolve the dependencies anew into requirements/ (needs uv)
	$(LOCK) pyproject.toml --output-file requirements/run.txt
	$(LOCK) --constraints requirements/run.txt pyproject.toml --group dev --output-file requirements/dev.txt

clean: ## Remove the environment, caches and everything built
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
