"""A dataset laid out: Markdown, CSV, a picture."""
