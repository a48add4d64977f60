"""The classifier: training, evaluation and serving. It does not depend on Discord or on the bot."""
