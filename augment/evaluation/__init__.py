"""What an arm's classifiers say of test: all that the stage `evaluate` makes."""
