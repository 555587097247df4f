"""`python -m client.cli`: the `beautyai` command where it is not installed."""

from __future__ import annotations

import sys

from client.cli import main

if __name__ == "__main__":
    sys.exit(main())
