"""What of a name that a sender gave to a file, a folder or a zip may be shown."""
