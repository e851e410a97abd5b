"""A list that doubles (needs time)."""

hoard = [0]
while True:
    hoard += hoard
