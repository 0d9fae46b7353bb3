"""The native twin of the page: the same measuring loop and the same adapter contract, in Python."""
