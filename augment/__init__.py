"""Conditional GAN augmentation for labelled images, and an honest answer to whether it helps."""
