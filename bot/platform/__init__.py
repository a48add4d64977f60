"""Everything built on discord.py except the user interface: the client, permissions, history."""
