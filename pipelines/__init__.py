"""Runs DVC's own graph with Prefect: in parallel, scheduled, watched, and healed after a crash.

`graph` asks DVC what there is and what is stale, `plan` decides what runs in which order, `execute` runs
one stage with a `warm_dvc` under a `guard`, `takeover` mends what a crash left, and `flow` ties them into one
Prefect flow.
Nothing here knows any stage of this project: any `dvc.yaml` will do.
"""
