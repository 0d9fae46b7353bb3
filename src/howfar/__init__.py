"""How far can deep learning go in a web browser?"""

__version__ = "0.1.0"
