"""What keeps tonight's output from being published, and what the last publication was."""
