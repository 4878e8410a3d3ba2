"""Sources of labelled images, one file each: its settings, and how it is read."""
