# Everything a person types. Each long step says what it does; what has been done is not done again.
#   make run      start Chat Playground, installing what is missing    make test    all checks and all tests
#   make check    format, lint, types, layers, migrations              make format  put the code in shape

.DEFAULT_GOAL := run
.SUFFIXES:
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
DONE := .venv/.done
say = @printf '\033[1m==> %s\033[0m\n'

export UV_PYTHON_DOWNLOADS := never
# Where it is set, as in many containers, every start would compile again what it imports: two seconds of three.
unexport PYTHONDONTWRITEBYTECODE
# Believe the certificates that the machine believes, a company's own included; uv and Node bring theirs otherwise.
MACHINE_CERTIFICATES := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem))
ifneq ($(MACHINE_CERTIFICATES),)
export UV_SYSTEM_CERTS ?= 1
export NODE_EXTRA_CA_CERTS ?= $(MACHINE_CERTIFICATES)
endif
ifdef CI
export UV_NO_PROGRESS := 1
endif

PYTHON_LOCK := pyproject.toml uv.lock
NODE_LOCK := package.json package-lock.json
BROWSER_CODE := build.mjs $(wildcard static/js/*.js static/js/*/*.js static/js/*/*/*.js static/css/*.css static/css/*/*.css)
TRANSLATIONS := $(wildcard locale/*/LC_MESSAGES/*.po)
STATIC := $(shell find static -path static/build -prune -o -type f -print)

.PHONY: run install build migrate test test-sqlite test-postgres test-samples check format bench clean

run: $(DONE)/runtime $(DONE)/collected $(DONE)/translated
	@exec $(BIN)/python manage.py serve --migrate

install: $(DONE)/development $(DONE)/collected $(DONE)/translated ## everything, ready to work on it

build: $(DONE)/collected $(DONE)/translated

migrate: $(DONE)/runtime
	$(BIN)/python manage.py migrate

$(DONE)/uv:
	$(say) "Making a virtual environment in .venv and installing uv"
	@scripts/make-venv $(PYTHON)
	@mkdir -p $(DONE) && touch $@

$(DONE)/runtime: $(DONE)/uv $(PYTHON_LOCK)
	$(say) "Installing the Python packages that uv.lock names (about 250 MB, the local model included)"
	@$(BIN)/uv sync --locked --no-dev --inexact || { scripts/explain network; exit 1; }
	@touch $@

$(DONE)/development: $(DONE)/uv $(PYTHON_LOCK)
	$(say) "Installing the Python packages for development and tests"
	@$(BIN)/uv sync --locked --inexact || { scripts/explain network; exit 1; }
	@touch $@ $(DONE)/runtime

$(DONE)/node: $(DONE)/uv $(NODE_LOCK)
	$(say) "Installing the packages of the browser code (package-lock.json)"
	@scripts/with-node npm ci --no-audit --no-fund --loglevel=error || { scripts/explain network; exit 1; }
	@touch $@

$(DONE)/bundled: $(DONE)/node $(BROWSER_CODE)
	$(say) "Building the browser code"
	@scripts/with-node npm run --silent build || { scripts/explain build; exit 1; }
	@touch $@

$(DONE)/collected: $(DONE)/runtime $(DONE)/bundled $(STATIC)
	$(say) "Collecting static files"
	@$(BIN)/python manage.py collectstatic --noinput --clear -v 0 || { scripts/explain settings; exit 1; }
	@touch $@

$(DONE)/translated: $(DONE)/runtime $(TRANSLATIONS)
	$(say) "Compiling translations"
	@$(BIN)/python manage.py compile_translations || { scripts/explain settings; exit 1; }
	@touch $@

test: check test-sqlite test-postgres

test-sqlite: install
	$(say) "Tests on SQLite and the journal in memory"
	@scripts/tests sqlite $(PYTEST_OPTIONS)

test-postgres: install ## what touches the database, the journal or a served process once more
	$(say) "Tests on PostgreSQL and Redis"
	@scripts/tests postgres $(PYTEST_OPTIONS)

test-samples: install ## runs code samples in every language whose compiler is on this machine
	@$(BIN)/python -m pytest tests/upstream/samples -m "toolchains or not toolchains" $(PYTEST_OPTIONS)

check: install
	@scripts/check

format: $(DONE)/development
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .
	@$(BIN)/djlint --quiet --reformat templates || true

screenshots: install ## the pictures of the README
	@$(BIN)/python -m tests.browser.screenshots

bench: install
	@$(BIN)/python -m bench

clean: ## what can be made again; never data/
	rm -rf .venv node_modules static/build staticfiles locale/*/LC_MESSAGES/*.mo
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis tests/artifacts bench/artifacts
