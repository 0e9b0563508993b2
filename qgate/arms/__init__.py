"""What is measured: the candidate and the baseline are arms."""
