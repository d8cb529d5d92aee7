# `make help` lists what there is. Everything but `make clean` creates .venv first when it is missing.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

PYTHON ?= python3
REPORT ?= lung_screening
# What is given to make stays as it was typed: make reads no "$$" in it, and the shell sees it in quotes.
GIVEN := PYTHON TORCH_INDEX REPORT DATA_DIR DATASET IMAGE_SIZE POSITIVE_CLASS MODEL EPOCHS SCALE SEED P OUT
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(GIVEN)

VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/medlab-installed
ALL := $(VENV)/medlab-all-installed
UNFINISHED := $(VENV)/medlab-unfinished
PIP := $(BIN)/python -m pip install -c constraints.txt
TORCH := $(shell sed -n 's/^\(torch==.*\)/\1/p' constraints.txt)
NBVAL := -q -n 2 --dist loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout=600
# Empty in `make check`; `make test` holds the lines that the fast tests run to a floor (pyproject.toml).
COVERAGE :=
NODE = $(shell $(BIN)/python scripts/node.py)

export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: help venv report check test test-slow test-notebooks test-js test-browser soak lab bench gpu-check docs clean

help:
	@echo 'make report      train, evaluate and report on simulated lung nodules'
	@echo '                 DATA_DIR=folder reads train/<class>/*.png; DATASET=name'
	@echo '                 IMAGE_SIZE= POSITIVE_CLASS= MODEL= EPOCHS= SCALE= SEED= OUT='
	@echo '                 REPORT=name runs another preset or template; P="name=value ..."'
	@echo '                 Values are passed on as they are typed: DATA_DIR="my scans"'
	@echo 'make lab         open the course in JupyterLab'
	@echo 'make check       check style, types and layers, and run the fast tests'
	@echo 'make test        run make check, then all other tests and every notebook'
	@echo 'make soak        run the tests that take many minutes'
	@echo 'make bench       measure the figures of docs/benchmarks.md'
	@echo 'make gpu-check   train and time every backend on a GPU, if there is one'
	@echo 'make docs        build the API reference into build/docs'
	@echo 'make venv        install everything but the GPU packages into .venv'
	@echo 'make clean       remove caches and wheels, but keep .venv, data and reports'
	@echo
	@echo 'PYTHON=python3.12 chooses another Python (3.11 or newer).'
	@echo 'TORCH_INDEX=https://download.pytorch.org/whl/cpu installs PyTorch on Linux'
	@echo 'without the CUDA packages.'

venv: $(ALL)

# A report and JupyterLab need the base, checks and tests all extras.
# The marker outlives an interruption, and what was interrupted is redone from an empty .venv, not believed.
# A failure that pip reports (no network, say) leaves .venv as it was, and the next call tries again.
$(BASE): pyproject.toml constraints.txt
	@"$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "medlab needs Python 3.11 or newer as '$$PYTHON'; name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@if [ -e $(UNFINISHED) ]; then echo 'An installation was interrupted: starting again.'; rm -rf $(VENV); fi
	@mkdir -p $(VENV) && touch $(UNFINISHED)
	@echo 'Installing into $(VENV): minutes the first time.'
	@trap 'exit 1' HUP INT TERM; { \
	  "$$PYTHON" -m venv $(VENV) && \
	  $(PIP) $(if $(TORCH_INDEX),--extra-index-url "$$TORCH_INDEX") $(TORCH) && \
	  $(PIP) -e .; \
	} || { rm -f $(UNFINISHED); exit 1; }
	@mv $(UNFINISHED) $@ && touch $@

# The stamp of the base becomes the marker, so that an interruption puts both in doubt.
$(ALL): $(BASE)
	@mv $(BASE) $(UNFINISHED)
	@echo 'Installing what development needs into $(VENV).'
	@trap 'exit 1' HUP INT TERM; $(PIP) -e '.[all]' || { mv $(UNFINISHED) $(BASE); touch $(BASE); exit 1; }
	@mv $(UNFINISHED) $(BASE) && touch $(BASE) $@

# -p name=value when the variable is set; the shell, not make, expands it, so blanks in a path survive.
option = $(if $($(1)),-p "$(2)=$$$(1)")

report: $(BASE)
	@$(BIN)/medlab report "$$REPORT" $(call option,DATA_DIR,data_dir) $(call option,DATASET,dataset) \
	  $(call option,IMAGE_SIZE,image_size) $(call option,POSITIVE_CLASS,positive_class) \
	  $(call option,MODEL,model) $(call option,EPOCHS,epochs) $(call option,SCALE,scale) \
	  $(call option,SEED,seed) $(if $(P),--pairs="$$P") $(if $(OUT),--out="$$OUT")

check: $(ALL)
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 --dist loadfile $(COVERAGE) -m "not (slow or browser or soak or gpu)" tests

# Cheap ones first: what can fail in a minute should not wait for the notebooks.
test: COVERAGE := --cov --cov-report=
test: check test-js test-browser test-slow test-notebooks
	@echo 'make test: style, types, layers, JavaScript, browser, all tests and notebooks: passed'

test-slow: $(ALL)
	$(BIN)/pytest -q -n 2 --dist loadfile -m "slow and not (browser or soak or gpu)" tests

test-notebooks: export KERAS_BACKEND = tensorflow
test-notebooks: export MEDLAB_SCALE = lesson
test-notebooks: $(ALL)
	$(BIN)/pytest $(NBVAL) notebooks
	rm -rf build/learner && $(BIN)/medlab learner build/learner
	MEDLAB_SCALE=smoke $(BIN)/pytest $(NBVAL) build/learner

test-js: $(ALL)
	@$(NODE) --version
	$(if $(wildcard tests/js/*.test.js),$(NODE) --test $(wildcard tests/js/*.test.js),@echo 'no JavaScript yet')

test-browser: $(ALL)
	@path=$$($(BIN)/python scripts/browser.py) && echo "browser: $$path" && export MEDLAB_CHROMIUM="$$path" && \
	  $(BIN)/pytest -q -m "browser and not soak" tests/browser

soak: $(ALL)
	$(BIN)/pytest -q -m soak tests || [ $$? -eq 5 ]

lab: $(BASE)
	$(BIN)/medlab lab

bench: $(ALL)
	$(BIN)/python benchmarks/run.py

gpu-check: $(ALL)
	$(BIN)/python benchmarks/gpu_check.py

# -W: a docstring that Sphinx cannot read as it is meant is an error.
docs: $(ALL)
	rm -rf build/docs
	KERAS_BACKEND=tensorflow $(BIN)/python -m sphinx -q -W --keep-going -E -b html docs/api build/docs
	@echo 'build/docs/index.html'

clean:
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist .coverage
	find . -path ./$(VENV) -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +
