"""The search for settings on val: what is tried, how it is judged, what came of it. Test is read by none of it."""
