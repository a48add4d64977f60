"""The store on SQLite. The only place with SQL."""
