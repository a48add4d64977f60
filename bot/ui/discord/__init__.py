"""Slash commands, alerts and their buttons, charts."""
