"""Run the command line."""

import sys

from imageroute_app.command.line import main

if __name__ == "__main__":
    sys.exit(main())
