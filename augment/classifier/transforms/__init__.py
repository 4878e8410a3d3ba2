"""Transforms of images, one file each."""
