"""The command line. Commands import what they use when they run, so that --help is quick."""
