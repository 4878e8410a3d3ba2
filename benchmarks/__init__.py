"""Speed and quality figures, side by side with baselines, in one run each."""
