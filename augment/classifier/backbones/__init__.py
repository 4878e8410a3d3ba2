"""Backbones of the classifier, one file each."""
