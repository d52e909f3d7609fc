"""`python -m nbtransformers`."""

import sys

from nbtransformers.cli import main

sys.exit(main())
