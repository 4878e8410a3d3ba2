"""From raw files to train, val and test: sources, validation, deduplication, stratified splits, scarcity."""
