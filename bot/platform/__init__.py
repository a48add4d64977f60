"""All that knows discord.py: the client, members, permissions, places, sending."""
