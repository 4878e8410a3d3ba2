"""What every layer shares, on numpy and pandas alone: errors, specs, image sets and their files, records, seeds."""
