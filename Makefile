# make demo   sets itself up and runs the whole night on a simulated district
# make test   sets itself up and runs the tests
# make check  lint, format, types
# make bench  timings, as ratios in one run      make prove  the slow proofs
# make wheelhouse  everything that an installation without a network needs (docs/operate.md)
# make compare  formulations of the model side by side, forward in time (docs/decisions/0013)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check bench compare prove lock clean docs wheelhouse

demo: $(READY)
	$(BIN)/dropout demo demo

test: $(READY)
	$(BIN)/pytest -m "not slow" -n 2 --dist loadscope

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python tests/bench/bench.py

compare: $(READY)
	$(BIN)/python -m tests.bench.formulations

prove: $(READY)
	$(BIN)/pytest -m slow -rs
	$(BIN)/pytest -s -rs tests/flows/test_oulad.py

# What is installed is the lock, hash by hash; the package itself is linked in without asking any index.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index -e .
	touch $(READY)

# Needs uv; writes the pins with hashes and no index address.
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet -o requirements.lock

# Wheels of the lock, our own, and one file that pins them all by hash. Only wheels: a machine
# without a network may have no compiler. They are those of this machine's system, processor and Python.
wheelhouse: $(READY)
	rm -rf wheelhouse
	$(BIN)/pip download --quiet --no-deps --only-binary :all: --require-hashes -r requirements.lock -d wheelhouse
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --no-index -w wheelhouse .
	cp requirements.lock wheelhouse/requirements.txt
	$(BIN)/python -c "import dropout; print('dropout==' + dropout.__version__, end=' ')" >> wheelhouse/requirements.txt
	$(BIN)/pip hash wheelhouse/dropout-*.whl | grep -o -- '--hash=.*' >> wheelhouse/requirements.txt

clean:
	rm -rf $(VENV) wheelhouse demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Pages that are made from data; a test compares them.
docs: $(READY)
	$(BIN)/python -c "from dropout.features.dictionary import features_page; open('docs/features.md', 'w').write(features_page())"
	$(BIN)/python -c "from dropout.contracts.dictionary import dictionary; open('docs/dictionary.md', 'w').write(dictionary())"
