"""One file a format of image sets."""
