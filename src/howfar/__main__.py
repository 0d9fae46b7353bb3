"""`howfar`, and `python -m howfar`."""

import signal


def main() -> None:
    """The command. Until its modules are there, ^C has nothing to put away: it ends the process at once, silently."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from howfar.cli import main as run  # noqa: PLC0415 (half a second)

    run()


if __name__ == "__main__":
    main()
