"""What may leave the ministry for research: rows of pupils whom nobody can name."""
