"""What every layer shares, without torch: errors, specs, stages, image sets and their files, seeds."""
