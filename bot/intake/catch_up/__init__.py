"""Reading what was written while the bot was away."""
