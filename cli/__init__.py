"""The command line: one file per noun, and the wiring that builds the graph."""
