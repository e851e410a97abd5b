"""The command line: the screen's part of drill."""
