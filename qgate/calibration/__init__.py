"""The tool measured on a user's own case: false alarms, and regressions planted and found."""
