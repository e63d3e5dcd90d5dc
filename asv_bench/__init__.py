"""Benchmarks of dropout_fast: its speed today and over its history. Runs from a clone of the repository; README.md has a map."""
