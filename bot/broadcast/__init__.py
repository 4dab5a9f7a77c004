"""Broadcasts: who sends what to whom and when, frozen at launch and followed to the end."""
