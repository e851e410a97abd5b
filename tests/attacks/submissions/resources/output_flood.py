"""Printing without an end."""

while True:
    print("x" * 1000)
