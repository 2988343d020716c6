"""Benchmarks: each figure is a ratio of the program and a bare loop over the same library, measured side by side."""
