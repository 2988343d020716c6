"""The store of a station: everything that it knows of its ledger, in one SQL database, as a persistence module of the library."""

from adapters.store.factory import Factory

__all__ = ["Factory"]
