# Thin on purpose: the work is in embedded/, client/, benchmarks/ and tests/. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup fetch demo run engines test check docs bench production-check images up down key logs lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One stamp per content of the lock and the project file: a second `make setup` has nothing to do.
STAMP := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml 2>/dev/null | sha256sum | cut -c1-16)
PACKAGES := orchestrator client embedded build_engines production benchmarks tests
# A version folder is named "1", which is no Python name: the types are checked through links with names.
MODELS := $(sort $(patsubst model_repository/%/1/model.py,%,$(wildcard model_repository/*/1/model.py)))
LINKS := .mypy_cache/models
COMPILE := $(BIN)/uv pip compile --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links --no-annotate --quiet
COMPILE_LOCK := $(COMPILE) --universal --python-version 3.10
# The images' packages, of the versions in the lock. NVIDIA's CUDA libraries come for x86-64 only.
COMPILE_IMAGE := $(COMPILE) --universal --python-version 3.12 --constraint requirements.lock
COMPILE_TRITON := $(COMPILE) --python-version 3.12 --python-platform x86_64-manylinux_2_28 --constraint requirements.lock

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP) ## make .venv with everything that requirements.lock names (PYTHON=python3.12 chooses another Python)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -I embedded/interpreter.py
	@[ -x $(BIN)/python ] || { echo "Making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the locked packages into $(VENV) (about 410 MB to download, 1.3 GB on disk)"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --only-binary :all: \
		--requirement requirements.lock | sed -u -E '/^(Ignoring|Requirement already|Looking in)/d'
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.installed-* && touch $@

fetch: setup ## fetch the server and the weights into the cache, start nothing
	@$(BIN)/python -m embedded fetch

demo: setup ## speak a question, hear the answer: reply.wav (QUESTION="…" or WAV=path asks something else)
	@$(BIN)/python -m embedded run -- $(BIN)/python -m client.demo

run: setup ## serve on 127.0.0.1:8000 until Ctrl-C (PORT=, TRITON_GRPC_PORT=, TRITON_METRICS_PORT=)
	@$(BIN)/python -m embedded serve

# In the serving image, whose own Python has TensorRT-LLM; nothing is installed.
engines: ## make the engine of RECIPE= in WORK_DIR= on a GPU machine, inside the serving image
	@$(PYTHON) -m build_engines $(or $(MODEL),qwen3-14b) --recipe $(or $(RECIPE),h100-fp8) --work-dir "$(or $(WORK_DIR),engines)"

test: setup ## every test, on the real Triton (TESTS=tests/embedded runs a part)
	@$(BIN)/python -m pytest $(TESTS)

check: setup ## lint, formatting and types; writes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(PACKAGES)
	@$(BIN)/mypy backends/tensorrtllm
	@mkdir -p $(LINKS); for model in $(MODELS); do \
		ln -sfn "$(CURDIR)/model_repository/$$model/1" $(LINKS)/model_$$model; done
	@MYPYPATH=$(LINKS) $(BIN)/mypy $(MODELS:%=--package model_%)

docs: export BEAUTYAI_TOKENIZER_DIR = $(shell $(BIN)/python -c 'from embedded.fetch import fetch; from embedded.settings import Settings; print(fetch(Settings.from_environment()).tokenizer_dir)' | tail -1)
docs: setup ## write docs/api.md and the tables of docs/structure.md anew
	@$(BIN)/python -m tests.contract.structure
	@$(BIN)/python -m orchestrator.api.markdown > docs/api.md.new && mv docs/api.md.new docs/api.md

# Nobody is refused: the benchmark shows how slow too many are.
bench: export BEAUTYAI_ADMISSION_WAIT_MS = 600000
bench: setup ## N = 1, 2, 4, 8 sessions in real time against the floor of the same stages in one process
	@$(BIN)/python -m embedded run -- $(BIN)/python -m benchmarks

production-check: setup ## everything about production that can be checked without a GPU, and what runs on one
	@$(BIN)/python -m production check

# STACK=compose.cpu.yaml is the laptop runtime in a container.
STACK := compose.yaml
COMPOSE = docker compose --env-file docker/images.env $(if $(wildcard docker/.env),--env-file docker/.env) --file docker/$(STACK)

images: ## build the container images (STACK=compose.cpu.yaml: those of the laptop runtime)
	@$(COMPOSE) build

up: ## start the containers and wait until a question can be asked (docs/production.md)
	@$(COMPOSE) up --build --detach --wait --wait-timeout 1800

down: ## stop the containers; weights, engines and metrics stay
	@$(COMPOSE) down

key: ## the keys in the containers' data: KEY="create admin --scopes chat,voice,admin", "list", "revoke ID"
	@$(COMPOSE) run --rm --no-deps --no-TTY $(if $(filter compose.cpu.yaml,$(STACK)),beautyai,orchestrator) \
		python -m orchestrator.access $(or $(KEY),list)

logs: ## follow the containers' logs
	@$(COMPOSE) logs --follow --tail 100

lock: setup ## write requirements.lock anew from pyproject.toml
	@{ $(COMPILE_LOCK) --all-extras pyproject.toml; \
	   echo "# Artifacts: unpacked into the cache by embedded/, never installed; the marker makes pip skip them."; \
	   $(COMPILE_LOCK) --no-config --no-deps --group pyproject.toml:artifact \
		| sed -E 's/^([a-z0-9-]+==[^ ]+) \\$$/\1 ; extra == "artifact" \\/'; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@$(COMPILE_TRITON) --group pyproject.toml:triton --output-file docker/triton.requirements.txt
	@$(COMPILE_IMAGE) pyproject.toml --output-file docker/orchestrator.requirements.txt

clean: ## remove what was made here; the cache of weights stays (~/.cache/beautyai)
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis reply.wav question.wav
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
