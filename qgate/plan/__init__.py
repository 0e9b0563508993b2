"""Charter and locked inputs, expanded into trials."""
