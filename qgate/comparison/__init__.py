"""Two bundles held against each other: what changed, what moved, and what may be said of it."""
