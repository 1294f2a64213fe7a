"""The command line of an installation: `bin/imageroute`, or `python -m imageroute_app.command`."""
