"""Synthesizers: a folder a family, and beside them what families share. No classifiers."""
