"""Kills, races, lost brokers: wrong moments."""
