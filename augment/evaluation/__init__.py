"""Judging: classifiers by their predictions, synthetic images by features, arms by paired comparison; the report."""
