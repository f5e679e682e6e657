"""What changed since a school's last list, in words."""
