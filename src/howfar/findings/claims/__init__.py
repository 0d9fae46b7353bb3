"""The twelve claims of the paper, one a file."""
