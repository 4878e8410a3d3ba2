"""The page of what came of every recorded run, over time."""
