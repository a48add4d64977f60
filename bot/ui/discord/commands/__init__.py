"""The slash commands, one group a file."""
