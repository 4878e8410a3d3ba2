"""The conditional GAN: networks of several architectures, pure losses and regularisers, one training step."""
