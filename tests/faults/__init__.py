"""`make prove`: the promises of the send protocol and of the hooks, held to what really happened.

The product runs as its own processes, they are killed, frozen or told everything five times, and afterwards
the simulator's ledger (another process, another file) is laid beside the database. Every proof is run once
more with the protection taken out: if that control run did not fail, the proof would prove nothing.
"""
