# Thin: each target is one obvious command, run inside the project's own virtual environment.
PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# DVC stops at a name that is no UTF-8 and does not say at which: grep -v prints the lines that are no text.
NAMES := { ! find -L raw | LC_ALL=C.UTF-8 grep --text --line-regexp --invert-match '.*' || { echo \
  'error: raw: names that are no UTF-8 (above), which DVC cannot read: rename them (convmv does it for many)' >&2; exit 65; }; }
# What is to be done and about how long it takes; the stages then tell how far the run is. Only bad input (65) stops.
ESTIMATE := $(NAMES) && mkdir -p scratch && python -m augment check && python -m pipelines plan > scratch/plan.json && \
  { python -m augment estimate --plan scratch/plan.json || test $$? -ne 65; }
QUICK := .dvc/tmp/quick
LOOK := A quick look, with fewer arms, classifiers and steps: a hint, no answer. That is what make repro gives.

.PHONY: repro estimate quick flow server serve tidy image test lint install plots clean

repro: install  ## say how long it takes, rebuild every stale stage, then show the comparison
	@$(NAMES) && python -m augment check >/dev/null && python -m pipelines mend
	@$(ESTIMATE)
	@dvc repro --keep-going || { echo "A stage failed, see above; what does not need it is done: reports/index.html"; exit 1; }
	@cat reports/*/comparison.md
	@echo
	@echo "All of it on one page, in any browser: reports/index.html"
	@echo "Pictures: reports/DATASET/accuracy.png, results/DATASET/synthetic/gan/real_beside_synthetic.png,"
	@echo "results/DATASET/synthesizers/gan/samples/; all of them and the curves on one page: make plots"

estimate: install  ## say what `make repro` would do, and about how long it takes on this machine
	@$(ESTIMATE)

quick: install  ## a first look with fewer arms, classifiers and steps, in a copy of the project
	@rm -rf $(QUICK) && mkdir -p $(QUICK)/.dvc
	@cp -r augment pipelines dvc.yaml .dvcignore $(QUICK) && cp -r .dvc/config* .dvc/plots $(QUICK)/.dvc
	@cp -al raw $(QUICK) 2>/dev/null || cp -a raw $(QUICK)
	@python -m augment quick --settings $(QUICK)/params.yaml
	@cache=$$(dvc cache dir) && cd $(QUICK) && dvc config --local core.no_scm true && dvc cache dir --local "$$cache"
	@cd $(QUICK) && $(ESTIMATE) && dvc repro --keep-going
	@find $(QUICK)/reports -name '*.html' -exec sed -i 's|<body>|<body><p role="note"><strong>$(LOOK)</strong></p>|' {} +
	@find $(QUICK)/reports -name comparison.md -exec cat {} +
	@echo
	@echo "$(LOOK) On one page: $(QUICK)/reports/index.html"

flow: install  ## the same as a Prefect flow, independent stages side by side
	@$(NAMES) && python -m augment check
	python -m pipelines run

server: install  ## Prefect's server and UI for this project, until Ctrl-C
	python -m pipelines server

serve: install  ## run on flow.cron of params.yaml, and when asked to in the UI, until Ctrl-C
	python -m pipelines serve

image:  ## a Docker image of a worker for flow.pools: docs/remotes.md
	docker build --tag augment-worker .

tidy: install  ## free disk of what no commit, experiment or dataset needs any more; your raw folders stay as they are
	python -m pipelines tidy

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
	rm -rf data models results products scratch dvc_plots reports/*/figures reports/*/index.html reports/index.html reports/learning-curves
