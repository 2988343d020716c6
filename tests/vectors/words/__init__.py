"""The words of fingerprints, and the program that makes them."""
