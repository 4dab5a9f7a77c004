"""The actors and the broker they run on. A message to an actor is a nudge; the database row is the truth."""
