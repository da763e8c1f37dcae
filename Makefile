# `make demo` inspects the sample day; `make test` runs the tests. Both install what they need into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt
export PYTHONUNBUFFERED = 1

.DEFAULT_GOAL := help
.PHONY: help install demo test lint day models measure bench-speech bench-flow bench-judge bench-day clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "[1/3] creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "[2/3] installing torch (the largest part; a minute or more)"
	@$(PIP) torch
	@echo "[3/3] installing the other pinned dependencies"
	@$(PIP) -e '.'
	@$(BIN)/python -m inspection.torchaudio_repair
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "installing the test tools"
	@$(PIP) -e '.[test,remote]'
	@touch $@

install: $(VENV)/.installed ## install into .venv

demo: $(VENV)/.installed ## inspect the sample day and write its report to out/demo
	@$(BIN)/inspection demo

test: $(VENV)/.installed-test ## run the tests
	@echo "running the tests (about ten minutes on 2 cores)"
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.installed-test ## style, formatting and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

day: $(VENV)/.installed ## rebuild the sample day from its texts (needs espeak-ng and sox)
	@$(BIN)/python -m inspection.demo.build_day

models: $(VENV)/.installed ## train the small speech models again (hours; needs espeak-ng)
	@$(PIP) -e '.[training]'
	@$(BIN)/python -m inspection.demo.training.segmentation
	@$(BIN)/python -m inspection.demo.training.embedding
	@$(BIN)/python -m inspection.demo.training.plda
	@$(BIN)/python -m inspection.demo.training.recogniser

measure: $(VENV)/.installed ## error rates of the small models on the sample day
	@$(BIN)/python -m inspection.demo.measure

bench-speech: $(VENV)/.installed-test ## the speech stage beside a plain faster-whisper loop
	@$(BIN)/python benchmarks/bench_speech.py

bench-flow: $(VENV)/.installed-test ## what the flow costs beside its steps
	@$(BIN)/python benchmarks/bench_flow.py

bench-judge: $(VENV)/.installed-test ## judging a million turns beside one raw automaton pass
	@$(BIN)/python benchmarks/bench_judge.py

bench-day: $(VENV)/.installed-test ## intake, gates, publishing of a large day without audio
	@$(BIN)/python benchmarks/bench_day.py

clean: ## remove .venv and everything a run wrote
	rm -rf $(VENV) out build *.egg-info
