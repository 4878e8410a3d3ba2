"""Synthesizers: a GAN, a VAE and classical rivals, one training loop, their files, sampling. No classifiers."""
