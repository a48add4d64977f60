"""Discord to Post: reads what Discord sends and puts it on the queue, deciding nothing."""
