# `make demo` and `make test` do all the set-up themselves; a second call starts at once.
# They need git, make and a Python 3.12 or 3.13 anywhere on the machine (see .ci/find-python).

JOBS ?= 2
PYTHON := .venv/bin/python
PYTEST := -m pytest -n $(JOBS) --durations 8 --durations-min 2
FLOW := workflows/fine_tune_corpus

MAKEFLAGS += --no-print-directory
unexport PYTHONPATH PYTHONHOME
# The tests start hundreds of interpreters; compiling everything anew in each would take most of their time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-all test-core lint lock venv venv-core clean

help:
	@echo "make demo       render the founding workflow and run it over two documents, into out/"
	@echo "make test       the tests, without the long ones"
	@echo "make test-all   all the tests, with many more random examples"
	@echo "make test-core  what must work without any extra, on the oldest Python that is found"
	@echo "make lint       ruff, mypy, who may import whom"
	@echo "make lock       write requirements/*.lock anew; UPGRADE=--upgrade takes the newest versions"
	@echo "make clean      remove what these made"

demo: venv
	@mkdir -p out
	$(PYTHON) -m difyflow render $(FLOW)/flow.py -o out/app.yml
	$(PYTHON) -m difyflow run $(FLOW) --model-endpoint demo \
		--input attachments=@$(FLOW)/samples/lunyu.docx --input attachments=@$(FLOW)/samples/lunyu.pdf \
		--input trigger='你是当代大儒' -o out/corpus.jsonl --force --code-runner auto-or-unsafe

test: venv
	$(PYTHON) $(PYTEST) -m "not long"

test-all: venv
	HYPOTHESIS_PROFILE=big $(PYTHON) $(PYTEST)

test-core: venv-core
	.venv-core/bin/python $(PYTEST) --core -m "not long"

lint: venv
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

lock:
	.ci/lock $(UPGRADE)

venv:
	@.ci/set-up .venv "3.12 3.13" requirements/lean.lock requirements/dev.lock

venv-core:
	@.ci/set-up .venv-core "3.11 3.12 3.13 3.14" requirements/core.lock

clean:
	rm -rf .venv .venv-core out build dist *.egg-info \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
