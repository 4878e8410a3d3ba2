"""Tests of augment.synthesis.vae."""
