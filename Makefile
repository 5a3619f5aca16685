# Start and test rsdash; both set up what is missing in .venv first.

PORT ?= $(or $(STREAMLIT_SERVER_PORT),8501)
ARGS ?=

export PYTHON TORCH

.PHONY: help app test lint

help:
	@echo "make app               set up what is missing and start the dashboard on 127.0.0.1"
	@echo "make app PORT=8600     on another port"
	@echo "make app TORCH=cpu     with PyTorch's CPU builds, which are smaller by GB"
	@echo "make test              set up what is missing and run all checks and tests"
	@echo "make test ARGS='-k x'  hand arguments to pytest"
	@echo "make lint              ruff and pyright only"

app:
	@scripts/setup.sh
	@exec scripts/start.sh $(PORT)

test: lint
	.venv/bin/python -m scripts.find_chromium --install
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint:
	@scripts/setup.sh dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m pyright
