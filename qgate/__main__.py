"""`python -m qgate` is `qgate`."""

import sys

from qgate.cli import main

if __name__ == "__main__":
    sys.exit(main())
