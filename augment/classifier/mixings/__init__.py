"""Ways to make one image of two, one file each."""
