"""A school's list as a workbook: to be read, printed, filtered and answered in Excel or LibreOffice."""
