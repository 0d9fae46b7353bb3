"""One adapter per native framework, named as in the registry (with _ for -)."""
