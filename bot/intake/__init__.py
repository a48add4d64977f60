"""Reads posts from what Discord sends and puts them on the queue. Decides nothing."""
