"""The pipeline's stages, one file each: read inputs, call pure functions, write outputs."""
