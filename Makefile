# hybridge. `make` alone lists what can be made; README.md says what it is for.

STACK ?= minimal
SITE ?=
TUNNEL ?=
ARGS ?=
PY := .venv/bin/python
SETTINGS = $(wildcard stacks/policy.$(STACK).json)
POLICIES = --policy-pack policy $(if $(SETTINGS),--policy-pack-config $(SETTINGS))

# Bytecode is kept, and so is warmth: the cloud SDKs take seconds to compile.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := $(CURDIR):$(CURDIR)/components

.DEFAULT_GOAL := help
.PHONY: help setup engine env plan rehearse destroy unprotect status preview up lab lab-prove lab-cut lab-heal lab-shell lab-down check format test test-unit test-components \
	test-rehearsal test-engine test-policy test-devices test-lab test-kills bench lock schema daemons clean

help: ## list what can be made
	@echo "make TARGET [STACK=minimal]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "To declare the real thing, use Pulumi itself: pulumi up -s STACK"

setup: ## install the locked Python dependencies into the cache and link .venv to them
	@engine/setup.sh

engine: setup ## find the Pulumi engine and OPA, or build them once into the cache (about four minutes)
	@$(PY) -m engine --with-opa >/dev/null

env: engine ## print what puts this engine on your PATH: eval "$(make -s env)"
	@echo "export PATH=\"$$($(PY) -m engine --with-opa 2>/dev/null):\$$PATH\" PULUMI_SKIP_UPDATE_CHECK=true"

plan: setup ## check STACK's topology and record its addresses in stacks/addresses.STACK.yaml
	@$(PY) -m hybridge plan '$(STACK)' $(ARGS)

rehearse: engine ## preview and declare STACK against simulated clouds, and sum it up
	@$(PY) -m rehearsal up '$(STACK)' $(ARGS)

destroy: engine ## remove the rehearsed STACK from the simulated clouds again
	@$(PY) -m rehearsal destroy '$(STACK)' $(ARGS)

unprotect: engine ## lift the protection of NAME in the rehearsed STACK, to rehearse its removal
	@$(PY) -m rehearsal unprotect '$(STACK)' $(or $(NAME),'') $(ARGS)

status: setup ## sum up the last rehearsal of STACK again
	@$(PY) -m rehearsal status '$(STACK)' $(ARGS)

preview: engine ## the real thing: pulumi preview -s STACK, with your backend and credentials
	@PATH="$$($(PY) -m engine --with-opa 2>/dev/null):$$PATH" pulumi preview -s '$(STACK)' $(POLICIES) $(ARGS)

up: engine ## the real thing: pulumi up -s STACK, with your backend and credentials
	@PATH="$$($(PY) -m engine --with-opa 2>/dev/null):$$PATH" pulumi up -s '$(STACK)' $(POLICIES) $(ARGS)

lab: engine daemons ## bring the rehearsed STACK to life on this machine, and prove it
	@$(PY) -m lab up '$(STACK)' $(ARGS)

lab-prove: setup ## prove the running lab of STACK again
	@$(PY) -m lab prove '$(STACK)' $(ARGS)

lab-cut: setup ## cut the way of TUNNEL through the lab's internet; of all tunnels without TUNNEL
	@$(PY) -m lab cut '$(STACK)' '$(TUNNEL)'

lab-heal: setup ## lay the way of TUNNEL again; of all tunnels without TUNNEL
	@$(PY) -m lab heal '$(STACK)' '$(TUNNEL)'

lab-shell: setup ## a shell at SITE, or on the gateway of that name, in the lab: ping, swanctl, vtysh, wg
	@$(PY) -m lab shell '$(STACK)' '$(SITE)' $(ARGS)

lab-down: setup ## end the lab of STACK; nothing of it is left
	@$(PY) -m lab down '$(STACK)'

check: setup ## formatting, lint, strict types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/basedpyright

format: setup ## format the code
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

test: engine daemons ## every test, two files at a time
	@$(PY) -m pytest tests -n 2 --dist loadfile $(ARGS)

test-unit test-components test-rehearsal test-policy: test-%: setup ## one tier of the tests
	@$(PY) -m pytest tests/$* $(ARGS)

test-devices: setup daemons ## device configurations, read by the real daemons
	@$(PY) -m pytest tests/devices $(ARGS)

test-lab: engine daemons ## labs of rehearsed stacks, right and wrong ones, with real daemons at both ends of every link
	@$(PY) -m pytest tests/lab -n 2 --dist loadfile $(ARGS)

test-engine: engine ## the real engine against simulated clouds
	@$(PY) -m pytest tests/engine $(ARGS)

test-kills: engine ## kill the engine KILLS times (50) at random points of an up
	@HYBRIDGE_KILLS=$${KILLS:-50} $(PY) -m pytest tests/engine/test_kills.py $(ARGS)

daemons: ## the daemons that read device configurations, from Debian's packages where they are missing
	@tests/daemons.sh

bench: engine daemons ## time previews, ups, planning and labs side by side; medians and spread
	@$(PY) -m bench $(ARGS)

schema: setup ## write the topology's JSON Schema, for editors
	@$(PY) -m hybridge schema > stacks/topology.schema.json

lock: setup ## resolve requirements.in into requirements.txt, with hashes
	@uv=$$(command -v uv || echo "$${HYBRIDGE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/hybridge}/bootstrap/bin/uv"); \
	"$$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links requirements.in --output-file requirements.txt

clean: ## remove every rehearsal and .venv, and end every lab; the caches stay
	@for lab in $(wildcard .rehearsal/*/lab/holder.json); do \
		lab=$${lab#.rehearsal/}; $(PY) -m lab down "$${lab%/lab/holder.json}"; done
	@rm -rf .rehearsal .venv .pytest_cache .ruff_cache .hypothesis
