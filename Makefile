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
TOOLS := .tools/bin
LOCALCLOUD := $(TOOLS)/python -m localcloud
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
SITE := import sysconfig; print(sysconfig.get_path("purelib"))
flag_yes := $(if $(filter 1 yes true,$(YES)),--yes)

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo '  with STACK=local|dev|prod, CLUSTER=local|kind|current, NODES=1..6, CLOUD=real|standin, YES=1 (ask nothing)'

# Two environments, made anew when their pins change. Each is whole or absent: the stamp comes last.
# .venv is the program's and has nothing else in it but pip, for Pulumi looks through all of it in every preview and up.
# One that is a link to another checkout's is that checkout's to make.
own = @! test -L $(1) || { echo "$(1) is another checkout's, and not up to date; run \`make .tools/dev\` in $$(dirname "$$(readlink -f $(1))")" >&2; exit 1; }
.venv/up: requirements.txt tools/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed; name it with make PYTHON=...' >&2; exit 1; }
	$(call own,.venv)
	@$(PYTHON) -m venv --clear .venv
	@echo "installing the program's pinned Python packages"
	@tools/install.sh .venv tools/requirements.txt
	@tools/install.sh .venv requirements.txt
	@touch $@

# .tools is that of the local cluster, the drills and the developers; it sees the program's packages, and so its pip.
.tools/up: localcloud/requirements.txt .venv/up
	$(call own,.tools)
	@.venv/bin/python -m venv --clear --without-pip .tools
	@.venv/bin/python -c '$(SITE)' >"$$($(TOOLS)/python -c '$(SITE)')/program.pth"
	@echo "installing the local cluster's pinned Python packages"
	@tools/install.sh .tools localcloud/requirements.txt
	@touch $@

.tools/dev: requirements-dev.txt .tools/up
	$(call own,.tools)
	@tools/install.sh .tools requirements-dev.txt
	@touch $@

.PHONY: up
up: .tools/up ## Bring a stack up: tools, cluster, images, pulumi up
	@$(LOCALCLOUD) up --stack $(STACK) --cluster $(CLUSTER) $(if $(NODES),--nodes $(NODES)) --cloud $(CLOUD) $(flag_yes)

.PHONY: down
down: .tools/up ## Stop the cluster; objects and data stay on disk
	@$(LOCALCLOUD) down

.PHONY: destroy
destroy: .tools/up ## pulumi destroy the stack; what durability keeps stays
	@$(LOCALCLOUD) destroy --stack $(STACK) --cloud $(CLOUD) $(flag_yes)

.PHONY: erase
erase: .tools/up ## Delete the stopped cluster with all its data
	@$(LOCALCLOUD) erase $(flag_yes)

.PHONY: status
status: .tools/up ## Processes, nodes, pods and their volumes
	@$(LOCALCLOUD) status

.PHONY: node
node: .tools/up ## An outage: DO=stop|start|partition|heal N=1
	@$(LOCALCLOUD) node $(DO) $(N)

.PHONY: doctor
doctor: .tools/up ## Check this machine, and the cached programs
	@$(LOCALCLOUD) doctor

.PHONY: logs
logs: .tools/up ## The ends of the logs; NAME=kubelet picks, FOLLOW=1 follows
	@$(LOCALCLOUD) logs $(NAME) $(if $(FOLLOW),--follow)

.PHONY: env
env: .tools/up ## Lines for eval "$(make -s env)": plain pulumi and kubectl work
	@$(LOCALCLOUD) env --cloud $(CLOUD)

.PHONY: yaml
yaml: .tools/up ## For programs of yours in YAML (examples/): Pulumi's language host for it, and the component package
	@test -x package/venv/bin/python || $(PYTHON) -m venv package/venv
	@echo 'installing the component package'
	@cd package && venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check -r requirements.txt
	@$(LOCALCLOUD) yaml

.PHONY: preview
preview: .tools/up ## What pulumi up would change
	@$(LOCALCLOUD) preview --stack $(STACK) --cloud $(CLOUD)

.PHONY: drill
drill: .tools/up ## The tutorial's experiments on this machine's MySQL, with a report (CLOUD=standin: the dev stack's; docs/drills.md)
	@KUBECONFIG="$${LOCALCLOUD_STATE:-.localcloud}$(if $(filter standin,$(CLOUD)),/standin)/kubeconfig" $(TOOLS)/python -m drills all $(flag_yes)

.PHONY: test
test: .tools/dev ## Unit tests with Pulumi mocks: no cluster, no toolchain
	@$(TOOLS)/python -m pytest tests/unit -n auto

.PHONY: test-all
test-all: .tools/dev ## Adds the real command line and real clusters: two of them, and what needs none beside them (root)
	@$(TOOLS)/python -m pytest tests/engine tests/cluster -v -n 3 --dist loadfile --no-loadscope-reorder --timeout=900 --durations=40

.PHONY: soak
soak: .tools/dev ## Every fault of MySQL PASSES=10 times; the table is in .soak/ (root; goes on where it was stopped, NEW=1 does not)
	@PASSES="$(PASSES)" NEW="$(NEW)" $(TOOLS)/python -m tools.soak

.PHONY: bench
bench: .tools/dev ## Speed and memory as ratios against a peer in the same run; ONLY=stack|dev|mysql|scale
	@$(TOOLS)/python -m tools.bench $(ONLY)

.PHONY: check
check: .tools/dev ## Format, lint, types, layers, shell
	@$(TOOLS)/ruff format --check .
	@$(TOOLS)/ruff check .
	@$(MAKE) types
	@$(TOOLS)/lint-imports --no-cache --no-logo
	@git ls-files -z '*.sh' .ci/run | xargs -0 $(TOOLS)/shellcheck
	@if command -v go >/dev/null; then go -C localcloud/toolchain/actionlint tool actionlint -shellcheck "$(CURDIR)/$(TOOLS)/shellcheck" "$(CURDIR)"/.github/workflows/*.yml; fi
	@if command -v go >/dev/null; then test -z "$$(gofmt -l localcloud)" || { gofmt -d localcloud; exit 1; }; fi

# What mypy has read is kept for every checkout: of a check's two minutes, nearly all go into the types of
# pulumi-kubernetes. It goes by what files hold, not by where they lie or how old they are; one run at a time, for it does
# not expect that another one writes there.
.PHONY: types
types: .tools/dev ## Types alone
	@kept="$(CACHE)/statefulsets-mypy"; { mkdir -p "$$kept" && test -w "$$kept"; } 2>/dev/null || kept=.mypy_cache; \
	mkdir -p "$$kept"; $(if $(shell command -v flock),flock "$$kept") $(TOOLS)/mypy --cache-dir "$$kept"

.PHONY: schema
schema: .tools/dev ## Write schema/stack.schema.json, by which editors complete and check stack files
	@$(TOOLS)/python -m components.config.schema

.PHONY: mutation
mutation: .tools/dev ## Break components/ in 300 places and count how often the tests notice (about 15 minutes)
	@$(TOOLS)/python -m tools.mutation --sample 300

.PHONY: format
format: .tools/dev ## Format and mend what can be mended
	@$(TOOLS)/ruff format .
	@$(TOOLS)/ruff check --fix .

.PHONY: lock
lock: .tools/dev ## Pin all requirements and the package of Go again, with hashes
	@for name in requirements localcloud/requirements localcloud/toolchain/requirements requirements-dev tools/requirements; do \
		$(TOOLS)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --custom-compile-command 'make lock' "$$name.in" -o "$$name.txt"; \
	done
