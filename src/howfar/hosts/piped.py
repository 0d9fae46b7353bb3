"""`python piped.py READ WRITE PROGRAM ARGUMENTS`: becomes the program, which finds the two pipes at the descriptors 3
and 4, as Chromium wants them for `--remote-debugging-pipe`. Run as a file, so that nothing else is imported."""

import fcntl
import os
import sys

READS, WRITES = 3, 4


def main(reading: str, writing: str, *command: str) -> None:
    """Never returns."""
    # Copies first: either may lie where the other is to go.
    copies = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in (reading, writing)]
    for copy, place in zip(copies, (READS, WRITES), strict=True):
        os.dup2(copy, place)
        os.close(copy)
    for one in {int(reading), int(writing)} - {READS, WRITES}:
        os.close(one)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
