"""Measure the classifier on texts that it was not trained on."""
