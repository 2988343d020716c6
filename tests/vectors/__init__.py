"""Bytes that must never change, with what made them."""
