"""Avro schemas, one file per event version, and the strict codec over them."""
