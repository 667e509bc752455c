# Everything a fresh machine needs is Python 3.11+, Java 17+ and Maven; each command below does its own set-up.
#   make demo    the whole hub with simulated partners, on a real Kafka    (ARGS="--headless --seconds 60")
#   make up      the whole hub, empty        (ARGS=--locked: TLS and rights of its own for every part in Kafka)
#   make test    all tests            (ARGS="tests/unit -k routing")
#   make check   lint, types, import rule, known vulnerabilities
#   make bench   the measurements of the README
#   make bench-pages    every page with 1,000,000 rows and 200 events/s    (ARGS="ROWS SECONDS RATE")
#   make wheel   dist/*.whl with its core compiled, checked and timed against plain Python    (needs a C compiler),
#                and dist/*.cdx.json, the packages it runs on
#   make chaos   faults under load, and what came of them    (SEED=1 FAULTS=100 ARGS="--rate 30 --brokers 3")
#   make fuzz    hostile requests at a real door, and what came of them    (SEED=1 REQUESTS=100000)
#   make clean   back to a fresh clone; `.hub/`, the data of `make up`, stays

PYTHON ?= python3
ARGS ?=
SEED ?= 1
FAULTS ?= 100
REQUESTS ?= 100000
SETUP = $(PYTHON) deploy/local/setup.py

.PHONY: demo up test check bench bench-pages wheel chaos fuzz setup setup-dev clean

demo: setup
	@.venv/bin/hub demo $(ARGS)

up: setup
	@.venv/bin/hub up $(ARGS)

test: setup-dev
	@.venv/bin/pytest -rs $(ARGS)

check: setup-dev
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/pytest tests/unit/test_rooms.py
	@.venv/bin/python -m tests.audit

bench: setup-dev
	@.venv/bin/python -m tests.bench $(ARGS)

bench-pages: setup-dev
	@.venv/bin/python -m tests.bench.pages $(ARGS)

chaos: setup-dev
	@.venv/bin/python -m tests.chaos --seed $(SEED) --faults $(FAULTS) $(ARGS)

fuzz: setup-dev
	@.venv/bin/python -m tests.fuzz --seed $(SEED) --requests $(REQUESTS)

# From a copy in a temporary folder: what is compiled never lands beside the sources, where it would hide later edits.
wheel: .venv/wheel
	@.venv/bin/python -m tests.wheel

# Python packages and jars come in side by side: both mostly wait for the network.
setup:
	@$(MAKE) -s --no-print-directory -j2 .venv/ready .kafka/jars
	@$(MAKE) -s --no-print-directory .kafka/archive

setup-dev:
	@$(MAKE) -s --no-print-directory -j2 .venv/dev .kafka/jars
	@$(MAKE) -s --no-print-directory .kafka/archive

.kafka/tools: deploy/local/setup.py
	@$(SETUP) tools

.venv/ready: pyproject.toml deploy/local/constraints.txt | .kafka/tools
	@$(SETUP) python

.venv/dev: pyproject.toml deploy/local/constraints.txt | .kafka/tools
	@$(SETUP) dev

.venv/wheel: pyproject.toml deploy/local/constraints.txt | .kafka/tools
	@$(SETUP) wheel

.kafka/jars: deploy/local/pom.xml | .kafka/tools
	@$(SETUP) kafka

.kafka/archive: .kafka/jars hub/local/server.properties | .venv/ready
	@$(SETUP) archive

clean:
	rm -rf .venv .kafka dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
