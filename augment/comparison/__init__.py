"""Arms held against each other: estimates, tests, parts of the test images, and what came of it as a record."""
