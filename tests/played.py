"""What is running, played by the process of the tests."""

import os


class Page:
    """What is running: this very process stands for it."""

    measuring_role = "main"

    def __init__(self, words: str = "", *, gone: bool = False) -> None:
        self.words, self.gone = words, gone

    def pids(self) -> list[int]:
        return [os.getpid()]

    def alive(self) -> bool:
        return not self.gone

    def log(self) -> str:
        return self.words
