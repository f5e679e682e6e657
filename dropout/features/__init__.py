"""What a night knows of each student: the catalogue of features and the SQL that computes them."""
