"""Runs DVC's own graph, whatever its stages, with Prefect: in parallel, scheduled, watched, mended after a crash."""
