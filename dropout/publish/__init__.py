"""The last step: one whole generation of lists, analysts' tables and report, swapped in at once."""
