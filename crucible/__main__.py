"""`python -m crucible` is the same as `crucible`."""

from crucible.app import main

main()
