"""Pure functions over frozen values: what is to be done about a scored message."""
