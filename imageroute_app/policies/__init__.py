"""Privacy policy and terms: the published texts, and the command that publishes one (`python -m imageroute_app.policies`)."""
