"""School-dropout early warning: extracts in, lists and tables out, every night."""

__version__ = "0.1.0"
