"""`python -m drills`."""

from drills.cli import main

main()
