"""Tests of augment.synthesis."""
