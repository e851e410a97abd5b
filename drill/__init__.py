"""drill: practise PyTorch interviews in the terminal, judged by real torch."""

__version__ = "0.1.0"
