"""What is predicted: outcomes, horizons, and the day from which each is known."""
