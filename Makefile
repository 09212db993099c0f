# The two commands that a newcomer needs are `make demo` and `make test`; each sets up all that it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

.PHONY: demo programme test check bench ladder moment needs ablation torture fuzz pictures setup system clean help

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## Make .venv with everything in it

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[gateway,dev]'
	$(BIN)/python -m compileall -q tracker
	@touch $(STAMP)

system: ## Install the system packages that the gateway's probes use, where that is possible
	@sh tools/system.sh

demo: $(STAMP) system ## The main job on a scratch copy: run every plan that has an implementation
	@$(BIN)/python -m tools.demo --jobs $(JOBS)

programme: $(STAMP) system ## The demonstration as a test: every plan lands, and no check is left out
	@$(BIN)/python -m tools.demo --jobs $(JOBS) --no-tui --strict

test: $(STAMP) system ## The test suite
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

check: $(STAMP) ## Linters, types, layers, generated files
	@sh tools/check.sh $(BIN)

ladder: $(STAMP) system ## Each plan's checks before and after it, and the baseline; writes docs/ladder.md
	@$(BIN)/python -m tools.ladder --jobs $(JOBS)

moment: $(STAMP) system ## The moment of the first STATE.md, reached by running it; keeps it in tests/e2e/moment
	@$(BIN)/python -m tools.moment --jobs $(JOBS)

needs: $(STAMP) system ## The programme with every stretch check put off: what the needs alone reach
	@$(BIN)/python -m tools.needs --jobs $(JOBS)

ablation: $(STAMP) system ## Each check is red when its control is removed
	@$(BIN)/python -m tests.ablation.ablate

torture: $(STAMP) ## Kills and concurrency, at length; writes docs/reliability.md
	@$(BIN)/python -m tests.torture.kill --runs 300
	@$(BIN)/python -m tests.torture.concurrency
	@$(BIN)/python -m tests.torture.report

fuzz: $(STAMP) ## 20,000 damaged documents against the readers
	@$(BIN)/python -m tests.audit.fuzz 20000

pictures: $(STAMP) ## The README's pictures and docs/STATE.hardened.md
	@$(BIN)/python -m tools.pictures

bench: $(STAMP) ## Timings, as ratios in one run
	@$(BIN)/python -m tools.bench

clean: ## Remove what is generated locally
	rm -rf $(VENV) .tracker .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
