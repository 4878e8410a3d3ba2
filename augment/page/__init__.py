"""The report of a dataset as one HTML page, and the overview of all: what they show, their figures and templates."""
