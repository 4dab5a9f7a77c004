"""Twilio and Slack as HTTP servers of our own on loopback, with faults on demand.

Tests, the demo and the benchmarks talk to this instead of to the providers, through the
providers' official clients. It is another world: it shares no code with the product, keeps
its own ledger and its own time, so that a mistake in the product cannot hide behind the same
mistake here. `python -m bot.simulator` starts it, `process.SimulatorProcess` starts it from
Python, `client.Control` plays the people on the other end.
"""
