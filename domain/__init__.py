"""Letters, consignments, the directory, the judge and the trees: no I/O, no clock, no randomness."""
