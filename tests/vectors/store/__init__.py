"""The frozen forms of everything that the store holds."""
