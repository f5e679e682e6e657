"""When things run: the night and the season, as verbs in order."""
