# The two commands of the README are `make demo` and `make test`. Everything is installed into .venv from hashed pins.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PATHS := econda_cloud edsl adapters functions infra localstack tests bench

# Where Python is told to keep no compiled files, every process of the tests would compile all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo session test test-ssh test-denial crash chaos fuzz import-conformance check format bench peers vscode clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

DEMO := --team demo

demo: install
	$(BIN)/econda local up
	$(BIN)/econda up $(DEMO)
	$(BIN)/econda local requests --reset > /dev/null
	$(BIN)/econda submit edsl/examples/digits/digits.edsl --wait $(DEMO)
	$(BIN)/econda show last $(DEMO)
	$(BIN)/econda why last digits/trained $(DEMO)
	@echo 'requests that AWS would bill for this run:'
	@$(BIN)/econda local requests
	@echo 'The local cloud still runs; $(BIN)/econda local down stops it and forgets its data.'

test: install
	$(BIN)/python -m pytest -n 2 tests --ignore tests/crash --ignore tests/components --ignore tests/denial

# Pools of plain hosts, against the sshd of Debian's openssh-server, which is installed if it is missing and may be.
test-ssh: install
	@[ -x /usr/sbin/sshd ] || [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null || \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends openssh-server procps > /dev/null; } || true
	$(BIN)/python -m pytest -n 2 tests/components/ssh

# The session that the README shows, typed anew.
session: install
	$(BIN)/python -m tests.session docs/images/session.svg

# What the code of users may do in a stack where IAM is on: nothing but its own.
test-denial: install
	$(BIN)/python -m pytest tests/denial

# `econda` and what it starts, killed over and over, on disks that are full or cannot be written.
crash: install
	$(BIN)/python -m pytest -n 2 tests/crash

SEEDS := 10000

# So many simulated worlds; one that fails is made smaller, told and named.
chaos: install
	$(BIN)/python -m tests.simulation.chaos $(SEEDS)

SECONDS := 60

# Programs made from the golden ones, guided by what of the language they reach; what breaks it is left in build/fuzz.
fuzz: install
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

# CWL's own conformance tests, imported and run: CWL is the folder that holds its conformance_tests.yaml.
CWL ?= $(ECONDA_DATA)/cwl-v1.2
import-conformance: install
	$(BIN)/python -m tests.importing.cwl_conformance $(CWL)

bench: install
	$(BIN)/python -m bench.embedded
	$(BIN)/python -m bench.scale --embedded
	$(BIN)/python -m bench.team
	$(BIN)/python -m bench.recorded
	$(BIN)/python -m bench.wire
	$(BIN)/python -m bench.latency
	$(BIN)/python -m bench.cold
	$(BIN)/python -m bench.startup
	$(BIN)/python -m bench.isolation
	$(BIN)/python -m bench.editing
	$(BIN)/python -m bench.compiling
	@[ "$(ECONDA_BENCH_PEERS)" = 0 ] || $(MAKE) peers

# econda beside its peers, each installed once into an environment of its own; `make bench ECONDA_BENCH_PEERS=0` skips it.
ECONDA_BENCH_PEERS ?= 1

peers: install
	mkdir -p build
	$(BIN)/python -m bench.peers --json build/peers.json --plot build/peers.svg

check: install
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/ruff check $(PATHS)
	$(BIN)/pyright
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format $(PATHS)
	$(BIN)/ruff check --fix $(PATHS)

# The editor's extension, built outside of the checkout, where what npm installed is kept from one build to the next.
ECONDA_CACHE ?= $(HOME)/.cache/econda
VSCODE := $(ECONDA_CACHE)/vscode

vscode:
	mkdir -p $(VSCODE) build
	cp -R edsl/editors/vscode/. LICENSE $(VSCODE)/
	cd $(VSCODE) && { cmp -s package-lock.json node_modules/.built-from || \
		{ npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.built-from; }; }
	cd $(VSCODE) && npx --no-install vsce package --no-dependencies --out "$(CURDIR)/build/econda-edsl.vsix"

clean:
	rm -rf $(VENV) build dist
