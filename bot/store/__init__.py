"""What is kept: ports, and their implementation on SQLite."""
