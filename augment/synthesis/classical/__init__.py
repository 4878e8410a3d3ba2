"""Synthesizers that are fitted, not trained: the rivals a GAN has to beat to be worth its time."""
