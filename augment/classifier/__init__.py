"""The CNN classifier: networks, classical transforms, training with early stopping, prediction."""
