"""The report as one HTML page: what it shows, its figures, its tables, its template."""
