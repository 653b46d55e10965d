# Two commands on a fresh machine with Python 3.11 or later, git and make: `make demo`, `make test`.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := ct_family_stability

.DEFAULT_GOAL := help
.PHONY: help demo test verify browser bench docs clean

help:
	@echo "make demo    install into $(VENV) and run the Connecticut Family Stability deal"
	@echo "make test    install what tests need; ruff, mypy, the tests, a few of them without the JIT"
	@echo "make verify  the statistical and long checks"
	@echo "make browser the reports in a real browser (needs Chromium and its driver)"
	@echo "make bench   the speed comparisons"
	@echo "make docs    write the pages, numbers and pictures that come from the code"
	@echo "make clean   remove $(VENV), out/ and the tools' caches"
	@echo "Another interpreter: make PYTHON=python3.12 demo"

demo: $(VENV)/.for-demo
	$(BIN)/pfs-sim run scenarios/$(DEMO).yaml --out out/$(DEMO)
	@echo
	@echo "The report: $(CURDIR)/out/$(DEMO)/report.html"

test: $(VENV)/.for-test
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest -n $(WORKERS)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -m jit_off

verify: $(VENV)/.for-test
	$(BIN)/python -m pytest -n $(WORKERS) -m verify

browser: $(VENV)/.for-browser
	$(BIN)/python -m pytest -m browser tests/browser

bench: $(VENV)/.for-bench
	$(BIN)/python -m benchmarks

docs: $(VENV)/.for-test
	$(BIN)/python -m docs.build

clean:
	rm -rf $(VENV) out build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp per set of packages: installed once, and again when the metadata change.
$(VENV)/.for-demo: EXTRAS := parquet,xlsx
$(VENV)/.for-test: EXTRAS := parquet,xlsx,test
$(VENV)/.for-browser: EXTRAS := parquet,xlsx,test,browser
$(VENV)/.for-bench: EXTRAS := parquet,bench

$(VENV)/.for-%: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pfs-sim needs Python 3.11 or later; '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	  exit 1; }
	@echo "Installing into $(VENV) (once; a few hundred MB on a fresh machine) ..."
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --editable '.[$(EXTRAS)]'
	@touch $@
