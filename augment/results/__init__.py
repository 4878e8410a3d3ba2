"""What came of a dataset as one record, the list of its figures, and the words and tables that all readers share."""
