"""The HTTP interface: scores for other programs, and the bot's health."""
