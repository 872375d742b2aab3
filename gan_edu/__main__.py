"""`python -m gan_edu` is the same as `gan-edu`."""

import sys

from gan_edu.cli import main

if __name__ == "__main__":
    sys.exit(main())
