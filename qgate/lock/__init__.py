"""What is locked, and the file that says so."""
