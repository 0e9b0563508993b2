"""Running trials: engine, cache, replays, serving latency."""
