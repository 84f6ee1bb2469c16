# Every command of the project; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Compiled modules are kept: half of a command that finds nothing to do would be compiling.
unexport PYTHONDONTWRITEBYTECODE

STACK ?= local
CLUSTER ?= local
YES ?=
NODES ?=
CLOUD ?= real
PYTHON ?= python3
VENV := .venv/bin
LOCALCLOUD := $(VENV)/python -m localcloud
flag_yes := $(if $(filter 1 yes true,$(YES)),--yes)

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo '  with STACK=local|dev|prod, CLUSTER=local|kind|current, NODES=1..6, CLOUD=real|standin, YES=1 (ask nothing)'

# The environment is made anew when the pins change, and is whole or absent: the stamp comes last.
.venv/up: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed; name it with make PYTHON=...' >&2; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo 'installing the pinned Python packages'
	@$(VENV)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/up
	@$(VENV)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: up
up: .venv/up ## Bring a stack up: tools, cluster, images, pulumi up
	@$(LOCALCLOUD) up --stack $(STACK) --cluster $(CLUSTER) $(if $(NODES),--nodes $(NODES)) --cloud $(CLOUD) $(flag_yes)

.PHONY: down
down: .venv/up ## Stop the cluster; objects and data stay on disk
	@$(LOCALCLOUD) down

.PHONY: destroy
destroy: .venv/up ## pulumi destroy the stack; what durability keeps stays
	@$(LOCALCLOUD) destroy --stack $(STACK) --cloud $(CLOUD) $(flag_yes)

.PHONY: erase
erase: .venv/up ## Delete the stopped cluster with all its data
	@$(LOCALCLOUD) erase $(flag_yes)

.PHONY: status
status: .venv/up ## Processes, nodes, pods and their volumes
	@$(LOCALCLOUD) status

.PHONY: node
node: .venv/up ## An outage: DO=stop|start|partition|heal N=1
	@$(LOCALCLOUD) node $(DO) $(N)

.PHONY: doctor
doctor: .venv/up ## Check this machine, and the cached programs
	@$(LOCALCLOUD) doctor

.PHONY: logs
logs: .venv/up ## The ends of the logs; NAME=kubelet picks, FOLLOW=1 follows
	@$(LOCALCLOUD) logs $(NAME) $(if $(FOLLOW),--follow)

.PHONY: env
env: .venv/up ## Lines for eval "$(make -s env)": plain pulumi and kubectl work
	@$(LOCALCLOUD) env --cloud $(CLOUD)

.PHONY: yaml
yaml: .venv/up ## For programs of yours in YAML (examples/): Pulumi's language host for it, and the component package
	@test -x package/venv/bin/python || $(PYTHON) -m venv package/venv
	@echo 'installing the component package'
	@cd package && venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.txt
	@$(LOCALCLOUD) yaml

.PHONY: preview
preview: .venv/up ## What pulumi up would change
	@$(LOCALCLOUD) preview --stack $(STACK) --cloud $(CLOUD)

.PHONY: drill
drill: .venv/up ## The seed's experiments on this machine's MySQL, with a report (CLOUD=standin: the dev stack's; docs/drills.md)
	@KUBECONFIG="$${LOCALCLOUD_STATE:-.localcloud}$(if $(filter standin,$(CLOUD)),/standin)/kubeconfig" $(VENV)/python -m drills all $(flag_yes)

.PHONY: test
test: .venv/dev ## Unit tests with Pulumi mocks: no cluster, no toolchain
	@$(VENV)/python -m pytest tests/unit -n auto

.PHONY: test-all
test-all: .venv/dev ## Adds the real command line and real clusters, two at a time (root)
	@$(VENV)/python -m pytest tests/engine tests/cluster -v -n 2 --dist loadfile --timeout=900 --durations=40

.PHONY: soak
soak: .venv/dev ## Every fault of MySQL PASSES=10 times; the table is in .soak/ (root; goes on where it was stopped, NEW=1 does not)
	@PASSES="$(PASSES)" NEW="$(NEW)" $(VENV)/python -m tests.soak

.PHONY: bench
bench: .venv/dev ## Speed and memory as ratios against a peer in the same run; ONLY=stack|mysql|scale
	@$(VENV)/python -m bench $(ONLY)

.PHONY: check
check: .venv/dev ## Format, lint, types, layers, shell
	@$(VENV)/ruff format --check .
	@$(VENV)/ruff check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-cache --no-logo
	@git ls-files -z '*.sh' .ci/run | xargs -0 $(VENV)/shellcheck
	@if command -v go >/dev/null; then go -C localcloud/toolchain/actionlint tool actionlint -shellcheck "$(CURDIR)/$(VENV)/shellcheck" "$(CURDIR)"/.github/workflows/*.yml; fi
	@if command -v go >/dev/null; then test -z "$$(gofmt -l localcloud)" || { gofmt -d localcloud; exit 1; }; fi

.PHONY: schema
schema: .venv/dev ## Write schema/stack.schema.json, by which editors complete and check stack files
	@$(VENV)/python -m components.config.schema

.PHONY: mutation
mutation: .venv/dev ## Break components/ in 300 places and count what the tests notice (about 15 minutes)
	@$(VENV)/python -m tests.mutation --sample 300

.PHONY: format
format: .venv/dev ## Format and mend what can be mended
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

.PHONY: lock
lock: .venv/dev ## Pin requirements*.txt and the package of Go again, with hashes
	@$(VENV)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command 'make lock' requirements.in -o requirements.txt
	@$(VENV)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command 'make lock' requirements-dev.in -o requirements-dev.txt
	@$(VENV)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command 'make lock' localcloud/toolchain/requirements.in -o localcloud/toolchain/requirements.txt
