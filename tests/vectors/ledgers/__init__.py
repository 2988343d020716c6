"""A golden ledger, its expected verdicts, roots and dumps, and the program that makes them."""
