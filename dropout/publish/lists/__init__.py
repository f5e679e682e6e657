"""What each school receives: its list as CSV, workbook and page. Here, and only here, identity and numbers meet."""
