"""Builds, starts and stops the bot, and reads the host's settings."""
