"""`python -m howfar` is `howfar`."""

from howfar.cli import main

main()
