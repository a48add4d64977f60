"""What people do: set, undo, preview, judge, act, report, forget. Without Discord, without HTML.

Slash commands and buttons are thin above it. Each use-case checks once whether the asker may.
"""
