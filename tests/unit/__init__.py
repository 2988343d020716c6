"""One module at a time, with real parts."""
