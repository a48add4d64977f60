"""The store on SQLite. All SQL is in this package."""
