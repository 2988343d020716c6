"""Ledgers, the store, documents, keys, the queue and stations: where the domain meets the world."""
