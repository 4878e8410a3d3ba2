"""What came of the arms: predictions, paired comparison, report."""
