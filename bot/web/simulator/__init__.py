"""The demonstration's page: a phone and a Slack message side by side, played by whoever looks at it.

The page stands outside of the service, where a worker stands. What it shows is what the simulated phone and
workspace received; what is typed or tapped goes to the simulator, which posts the same signed webhooks that
Twilio and Slack would. Only sending a broadcast and reading the figures go to the service itself, by the
functions that the command line uses. So whatever works here works for the same reasons as for real.
"""
