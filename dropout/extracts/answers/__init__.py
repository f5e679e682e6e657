"""The way back: lists that counselors filled and returned, known by their header, read line by line, nothing lost."""
