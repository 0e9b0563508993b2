"""`python -m qgate` is `qgate`."""

import sys

if __name__ == "__main__":
    try:
        from qgate.cli import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
