"""Replays whole past seasons in a private copy, night by night as far as asked, and judges the lists as they were cut."""
