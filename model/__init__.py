"""The classifier: training, evaluation and serving. It knows nothing of Discord."""
