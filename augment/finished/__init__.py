"""A finished run, put to use: where its things are, its images, its generators, its classifiers."""
