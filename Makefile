# Thin: each target is one obvious command, run inside the project's own virtual environment.
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: repro flow server serve test lint install plots clean

repro: install  ## rebuild every stale stage, then show the comparison
	dvc repro
	@cat reports/comparison.md
	@echo
	@echo "All of it on one page, in any browser: reports/index.html"
	@echo "Pictures: reports/accuracy.png, results/DATASET/synthetic/gan/real_beside_synthetic.png,"
	@echo "results/DATASET/synthesizers/gan/samples/; all of them and the curves on one page: make plots"

flow: install  ## the same as a Prefect flow, independent stages side by side
	python -m pipelines run

server: install  ## Prefect's server and UI for this project, until Ctrl-C
	python -m pipelines server

serve: install  ## run on flow.cron of params.yaml and when watched data change, until Ctrl-C
	python -m pipelines serve

test: install lint  ## everything CI checks
	python -m pytest --cov

lint: install  ## style, types, layers
	ruff check .
	ruff format --check .
	mypy
	lint-imports

plots: install  ## one HTML page of every DVC plot
	dvc plots show

install: $(VENV)/installed

$(VENV)/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "error: $(PYTHON) is Python %d.%d, expected 3.11 or newer: make PYTHON=python3.11 …" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	touch $@

clean:  ## delete what the pipeline made; DVC's cache keeps it (and your data): `dvc repro --force` makes it anew
	rm -rf data models results products scratch dvc_plots reports/figures reports/index.html
