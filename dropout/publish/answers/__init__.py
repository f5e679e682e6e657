"""What came back from counselors, as the next list, the operator's report and a command of his show it."""
