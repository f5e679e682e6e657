"""The model card of a version, Markdown and HTML, after Mitchell et al. 2019: what the ledger holds, and nothing invented."""
