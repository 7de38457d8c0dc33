PYTHON ?= python3
# The caller's environment, else .env, else the default.
from_env_file = $(firstword $(shell sed -nE "s/^$(1)=[\"']?([0-9]+).*/\1/p" .env 2>/dev/null))
export PORT := $(or $(PORT),$(call from_env_file,PORT),8000)
export WEB_CONCURRENCY := $(or $(WEB_CONCURRENCY),$(call from_env_file,WEB_CONCURRENCY),2)
export PYTHONUNBUFFERED = 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Ctrl+C is how one stops the portal, so to make it is no failure; the settings are read by the programs themselves.
START = exec python -c 'from honcho import command, manager; manager.SIGNALS[2]["rc"] = 0; command.main()' -e /dev/null

.PHONY: help run demo serve test check faults bench lighthouse lock

help:  ## show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile

run: .venv/installed .env  ## start the portal for trying out and developing: http://127.0.0.1:8000
	@python manage.py prepare
	@$(START) start

# Not even `make demo DATABASE_URL=…` reaches a real database.
demo: override export DATABASE_URL = sqlite:///$(CURDIR)/demo.sqlite3
demo: override export EMAIL_URL = consolemail://
demo: .venv/installed .env  ## the same with a dozen sample guides and requests, in a database of its own
	@python manage.py prepare --demo
	@$(START) start

serve: export DEBUG = off
serve: .venv/installed  ## start it in production mode, behind a proxy that does TLS
	@python manage.py check --deploy --fail-level ERROR
	@python manage.py collectstatic --no-input --verbosity 0
	@python manage.py prepare
	@$(START) -f Procfile.serve start

test: .venv/installed-dev  ## run all tests, on SQLite and on PostgreSQL
	python -m pytest
	python -m tests.postgres python -m pytest -m "not any_database" --ignore tests/browser

check: .venv/installed-dev  ## look at the code without running the tests
	ruff check .
	ruff format --check .
	djade --check $$(git ls-files 'templates/*.html' 'templates/**/*.html')
	djhtml --check $$(git ls-files 'templates/*.html' 'templates/**/*.html')
	python manage.py makemigrations --check --dry-run
	DEBUG=off SECRET_KEY=$$(python -c 'import secrets; print(secrets.token_urlsafe(50))') ALLOWED_HOSTS=advising.example.edu \
	  EMAIL_URL=smtp://localhost OFFICE_EMAIL=advising@example.edu python manage.py check --deploy --fail-level WARNING

faults: .venv/installed-dev  ## break things at random moments and show that nothing is lost (needs PostgreSQL)
	python -m faults $(KINDS) $(if $(ROUNDS),--rounds $(ROUNDS))

bench: .venv/installed-dev  ## measure, side by side with a yardstick (needs wrk, nginx and PostgreSQL)
	python -m benchmarks $(ROUNDS)

lighthouse: .venv/installed-dev  ## score the public pages with Lighthouse (needs Node 20 and Chromium)
	python -m benchmarks.lighthouse

lock: .venv/installed-dev  ## pin the newest versions pyproject.toml allows
	uv pip compile --quiet pyproject.toml --universal --generate-hashes --no-emit-index-url --upgrade -o requirements.txt
	uv pip compile --quiet pyproject.toml --extra saml -c requirements.txt --universal --generate-hashes --no-emit-index-url --upgrade -o requirements-saml.txt
	uv pip compile --quiet pyproject.toml --group dev -c requirements.txt --universal --generate-hashes --no-emit-index-url --upgrade -o requirements-dev.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=python3.12 make ..."; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing what requirements.txt names; this takes a minute."
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing what requirements-dev.txt names."
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.env:
	@cp .env.example .env
	@python -c 'import secrets; print("SECRET_KEY=" + secrets.token_urlsafe(50))' >> .env
	@chmod 600 .env
