"""What people look at: SQL views of the ledger, rebuilt from zero at will."""
