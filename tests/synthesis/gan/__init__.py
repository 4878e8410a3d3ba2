"""Tests of augment.synthesis.gan."""
