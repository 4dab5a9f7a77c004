# The two commands of the README, and what stands beside them.
PYTHON ?= python3
BIN := .venv/bin
# One more than there are cores, for some tests wait; each has a PostgreSQL database of its own, hence no more than 8.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 7 ? n + 1 : 8)))

.PHONY: run many test setup lint bench prove lock clean

run: setup
	@$(BIN)/shiftline demo $(ARGS)

# The same as many processes; DATABASE_URL (PostgreSQL) and BROKER_URL (RabbitMQ) have to be set.
many: setup
	$(BIN)/shiftline demo --many $(ARGS)

test: setup lint
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Shiftline needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || echo "Making a virtualenv in .venv …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked packages into it: a minute or two, once …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "Installed."
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tests.benchmarks $(ARGS)

prove: setup
	$(BIN)/python -m tests.faults $(ARGS)

# Made anew when pyproject.toml changes; holds hashes for every platform and no registry's address.
lock: setup
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header --universal \
		--no-annotate --python-version 3.11 --quiet --output-file requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build *.egg-info
