"""What every synthesizer is: the base of its settings, the network that draws, the drawing, its files."""
