"""All datasets together: Markdown, CSV, a picture."""
