"""What can be seen of a run from outside the page."""
