"""Torch's side of the machine: device, precision, threads, named generators, weights on disk, progress."""
