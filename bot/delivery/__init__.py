"""The send protocol: never silently twice, never silently lost.

outbox (a row per provider call) → claim (may it go now?) → begin (write down what is about to be said)
→ send (one POST) → results (what became of it); leases and doubts are settled by `reconcile`.
"""
