"""What is taken out again: pupils who are forgotten, and what is older than the contracts let it be."""
