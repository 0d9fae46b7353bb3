# Each of these works as the first command on a fresh machine: it sets up what it needs, once.
#   make quick   a true answer in minutes, with its report
#   make test    every test, in real browsers too
#   make check   style, types, structure
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Pages wait more than they work: half as many of their tests again at a time as there are cores.
PAGES := $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))

.PHONY: quick test check format bench lock clean

quick: $(VENV)/.ready
	@scripts/browser
	$(BIN)/howfar quick

test: $(VENV)/.ready node_modules/.ready
	@scripts/browser
	$(BIN)/pytest --ignore tests/browser --numprocesses auto --dist loadfile
	$(BIN)/pytest tests/browser -m "not alone" --numprocesses $(PAGES) --dist loadfile
	$(BIN)/pytest tests/browser -m alone
	node --test

check: $(VENV)/.ready node_modules/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	npx --no-install tsc
	$(BIN)/pytest tests/test_imports.py

format: $(VENV)/.ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# What benchmarks/ holds, one after the other: nothing else may run meanwhile.
bench: $(VENV)/.ready
	@scripts/browser
	$(BIN)/python benchmarks/assembling.py
	$(BIN)/python benchmarks/launch.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/converting.py
	$(BIN)/python benchmarks/loading.py
	$(BIN)/python benchmarks/peers.py
	$(BIN)/python benchmarks/watching.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/howfar quick --out results/bench-pages || [ $$? = 3 ]
	$(BIN)/python benchmarks/pages.py results/bench-pages

# New pins from pyproject.toml, with hashes and without the address of an index.
lock:
	uv pip compile pyproject.toml --extra native --extra onnxruntime --extra jax --extra webdnn --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file requirements.lock

clean:
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.ready: requirements.lock pyproject.toml scripts/python
	@scripts/python $(PYTHON) $(VENV)
	@touch $@

node_modules/.ready: package-lock.json
	@scripts/npm
	@touch $@
