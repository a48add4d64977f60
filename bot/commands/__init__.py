"""The slash commands, one group a file, and the tree that guards them all."""
