"""Reads the messages that were written while the bot was disconnected."""
