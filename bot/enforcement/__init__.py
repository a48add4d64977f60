"""Journal to Discord: carries out what was decided, and writes down how it went."""
