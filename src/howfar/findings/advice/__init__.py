"""The eight rows of the paper's Table 6, one a file."""
