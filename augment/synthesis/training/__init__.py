"""Training a synthesizer of any kind: one loop for iterative ones, checkpoints, the monitor that chooses the best."""
