"""What our tables promise: one YAML per table gives DDL, checks, validation suites and the dictionary."""
