"""From a school system's files to our tables: land, read, load."""
