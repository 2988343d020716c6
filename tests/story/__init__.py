"""Whole stories, told through the commands as people type them."""
