"""Pseudonyms and the identity store: the only link between a student and a key."""
