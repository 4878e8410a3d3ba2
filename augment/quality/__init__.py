"""How good synthetic images are, in the eyes of a network trained on real ones: what a training is monitored by."""
