"""The clock: what is due is found in our own tables; APScheduler only ticks."""
