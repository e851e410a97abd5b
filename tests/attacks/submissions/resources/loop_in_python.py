"""An endless loop in Python."""

while True:
    pass
