"""`python -m dropout` is the command `dropout`."""

from dropout.cli import main

main()
