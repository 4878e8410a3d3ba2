"""Before any run: what a folder of images holds, what it can answer, and how it becomes a dataset of the project."""
