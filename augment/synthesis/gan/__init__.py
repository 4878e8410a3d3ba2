"""The conditional GAN: losses, regularisers, augmentation, one training step."""
