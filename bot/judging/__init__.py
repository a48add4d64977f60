"""From posts to decisions: the queue, the judge, the pipeline."""
