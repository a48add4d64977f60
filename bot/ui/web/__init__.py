"""The HTTP interface: scoring for other programs, and whether the bot is well."""
