"""The conditional GAN: networks, losses, training loop, sampling. Nothing here knows of classifiers or files."""
