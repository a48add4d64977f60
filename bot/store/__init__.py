"""Storage: the interface, and its implementation on SQLite."""
