"""The use cases of the people who use the bot. Knows neither Discord nor HTML.

Moderators change, preview and undo settings, judge and act on alerts; members report messages and
erase their data. Slash commands and buttons are a thin layer on top. Each use case checks once
whether the asker is allowed to do it.
"""
