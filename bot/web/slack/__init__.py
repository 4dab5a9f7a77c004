"""Slack's side of the web: the Bolt app behind our own guard."""
