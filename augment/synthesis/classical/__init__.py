"""Synthesizers that are fitted, not trained: the baselines a GAN has to beat to be worth its time."""
