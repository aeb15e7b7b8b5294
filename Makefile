# Tocsin. `make` alone says what there is.
.DEFAULT_GOAL := help
.PHONY: help run test proofs check fix audit bench bench-large figures ready

PYTHON := .venv/bin/python
SOURCE := accounts collectivities config core csirts incidents notifications retention stats
export PORT ?= 8000
# Images of containers often forbid keeping compiled modules: each of the many processes would compile all of them.
export PYTHONDONTWRITEBYTECODE =

help:  ## Dit ce que l’on peut faire
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' Makefile | sort

ready:
	@python3 config/devserver/bootstrap.py

run: ready  ## Démarre tout sur http://localhost:8000 (PORT=8001 pour un autre port) ; Ctrl-C arrête tout
	@exec $(PYTHON) -m config.devserver.run

test: ready  ## Exécute la suite de tests (ARGS="tests/incidents -k declare" pour une partie, CI=true pour mesurer sa couverture)
	$(PYTHON) -m pytest -n 3 -m "not proof" $(or $(ARGS),$(if $(CI),--cov))

proofs: ready  ## Exécute ce qui est long et prouve une chose une fois (ARGS="-k reject" pour une partie)
	@# One test at a time for each worker: many of them take a minute, and a worker that keeps several makes the others wait.
	$(PYTHON) -m pytest -n 4 --maxschedchunk=1 -m proof $(ARGS)

check: ready  ## Vérifie le style, les types, les murs entre les applications, les migrations, les tailles et les noms
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy $(SOURCE) tests
	.venv/bin/lint-imports
	$(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py check
	@# Sizes, names, folders and documents, without the one test that starts a server: it repeats makemigrations --check.
	$(PYTHON) -m pytest -q -n 0 -k "not migrations_match" tests/test_consistency.py tests/test_names.py tests/test_narrow_queries.py tests/test_read_guides.py tests/test_read_rules.py

fix: ready  ## Corrige ce qui se corrige seul
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

audit: ready  ## Nomme les failles connues et les licences à examiner des bibliothèques de production, écrit .local/sbom.json
	$(PYTHON) -m config.devserver.audit

bench: ready  ## Mesure à 10 000 et 100 000 incidents (onze minutes, machine au repos), écrit .local/bench.json (ARGS="line" pour une partie)
	$(PYTHON) -m tests.bench $(ARGS)

bench-large: ready  ## Mesure à un million d’incidents, puis à dix millions, après avoir regardé la place sur le disque
	$(PYTHON) -m tests.bench --large

figures: ready  ## Mesure le code lui-même : longueurs, complexité, noms répétés, fichiers par recette, modules par action (CLONE=1 : secondes d’un clone à un test vert)
	$(PYTHON) -m tests.measure_house $(if $(CLONE),--clone)
	$(PYTHON) -m pytest -q -s tests/measure_paths.py
