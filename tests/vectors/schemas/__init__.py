"""One sample of every released schema, and the digests of the schemas themselves."""
