"""The only place with SQL: scores, journalled actions and each server's settings."""
