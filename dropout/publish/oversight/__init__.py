"""What people decided about a model or an entry, in words: suspended, an earlier version, contested."""
