"""The operator's DuckDB file: opening, migrating, locking, and the ledger of runs."""
