# Set-up and the few things one does with the repository. Every target installs what it needs first; `make` lists them.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Which tests run in one worker, tests/conftest.py says.
WORKERS := -n 2 --dist loadfile
# Where the demo keeps its usage, its warehouse and what it publishes.
VAR ?= var
# The last date on which the demo company has something to bill.
THROUGH ?= 2026-01-01

# The caller's shell may sit in another environment, or install elsewhere: not so in here.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONDONTWRITEBYTECODE
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT PIP_REQUIREMENT PIP_REQUIRE_HASHES PIP_REQUIRE_VIRTUALENV
unexport PIP_NO_DEPS PIP_NO_BINARY PIP_ONLY_BINARY PIP_EDITABLE PIP_PYTHON PIP_DRY_RUN PIP_PRE
unexport UV_PYTHON UV_SYSTEM_PYTHON UV_PROJECT_ENVIRONMENT UV_CONSTRAINT UV_OVERRIDE UV_REQUIRE_HASHES UV_NO_BINARY
unexport UV_TARGET UV_PREFIX UV_PYTHON_PREFERENCE UV_NO_BUILD UV_EXCLUDE_NEWER UV_PRERELEASE UV_RESOLUTION

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := False
export GX_ANALYTICS_ENABLED := False
export DAGSTER_DISABLE_TELEMETRY := yes

.DEFAULT_GOAL := help
.PHONY: help run test test-deep ui lint lock clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

run: $(STAMP) ## Bill the demo company: write its usage, close through 2026-01-01, show the invoices.
	@set -e; \
	export METERHOUSE_CATALOG=seeds METERHOUSE_LANDING='$(VAR)/landing'; \
	export METERHOUSE_WAREHOUSE='$(VAR)/warehouse' METERHOUSE_PUBLISHED='$(VAR)/published'; \
	$(BIN)/meterhouse demo; \
	$(BIN)/meterhouse close --through $(THROUGH); \
	$(BIN)/meterhouse invoices; \
	echo; \
	echo 'Prices, customers  seeds/'; \
	echo 'Usage              $(VAR)/landing/'; \
	echo 'Published          $(VAR)/published/finance.duckdb, $(VAR)/published/parquet/'; \
	echo; \
	number=$$($(BIN)/meterhouse invoices --json | $(BIN)/python -c \
	    'import json, sys; print(json.load(sys.stdin)[-1]["invoice_number"])'); \
	echo 'Next'; \
	printf '  %-40s %s\n' \
	    "$(BIN)/meterhouse invoice $$number" 'one bill, from quantities to the amount due' \
	    '$(BIN)/meterhouse status' 'what is loaded and closed' \
	    'make ui' 'the same closes in Dagster' \
	    '$(BIN)/meterhouse close --help' 'your own company: four folders'

test: $(STAMP) lint ## Check style, SQL and behaviour (but the long runs).
	@$(BIN)/pytest $(WORKERS)

test-deep: $(STAMP) lint ## Check everything, the long runs too.
	@$(BIN)/pytest $(WORKERS)
	@$(BIN)/pytest -n 2 --dist load --maxschedchunk 1 -m deep --timeout 3600 -v

ui: $(STAMP) ## Open Dagster on the workspace that METERHOUSE_* names, or on the demo's.
	@DAGSTER_HOME=$$($(BIN)/python -c 'from orchestration.dagster_graph.instance import make_home; \
	    from orchestration.workspace import Workspace; print(make_home(Workspace.resolve()))') \
	    PYTHONWARNINGS=ignore $(BIN)/dagster dev

lint: $(STAMP) ## Check the style of Python and SQL.
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project

lock: $(STAMP) ## Pin what pyproject.toml asks for; UPGRADE=--upgrade takes the newest allowed.
	@$(BIN)/uv pip compile pyproject.toml --extra dev --output-file requirements.lock --quiet \
	    --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header $(UPGRADE)

clean: ## Remove the environment and caches; what is in var/ but dbt's working files stays.
	rm -rf $(VENV) $(VAR)/target .pytest_cache .ruff_cache .hypothesis dbt_project/target dbt_project/logs
	find orchestration tests -name __pycache__ -type d -prune -exec rm -rf {} +

# pip installs uv alone, from its lines of the lock file, and uv the rest: pip's own hash mode stumbles over an extra
# in Dagster's tree. uv does not read pip's settings, so a registry or certificate that pip knows is handed to it.
$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	found=; if ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
	    for python in $(PYTHON) python3.11 python3.12 python3; do \
	        if "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
	            2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo 'Meterhouse needs Python 3.11 or 3.12 with venv: install one, or name it: make PYTHON=/path/to/python3.11' >&2; \
	        exit 2; \
	    fi; \
	    echo "Making $(VENV) with $$("$$found" --version)."; \
	    "$$found" -m venv --clear $(VENV); \
	fi; \
	echo 'Installing the packages of requirements.lock.'; \
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt; \
	$(BIN)/python -m pip install -qq --no-user --require-hashes --no-deps -r $(VENV)/uv.txt; \
	index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true); \
	index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$index}}; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	if [ -n "$$PIP_CERT" ]; then export SSL_CERT_FILE="$${SSL_CERT_FILE:-$$PIP_CERT}"; fi; \
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock; \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --offline --no-build-isolation --no-deps -e .; \
	touch $@
