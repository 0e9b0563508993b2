"""What came out of each run over time: an index of bundles, and drift that no single run shows."""
