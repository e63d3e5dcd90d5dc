"""Compare two commits, and tell whether one is slower."""
