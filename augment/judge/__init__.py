"""The network that judges synthetic images, as a file: whoever reads it imports nothing of who made it."""
