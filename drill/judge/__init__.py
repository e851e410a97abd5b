"""The judge: a warm server that forks one confined child per submission."""
