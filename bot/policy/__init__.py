"""Pure functions over frozen values that decide what to do about a scored message."""
