"""From posts to decisions: the queue, the judge and the pipeline."""
