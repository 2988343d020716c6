"""Hunting: millions of hostile inputs for the codec and the judge."""
