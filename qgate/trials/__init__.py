"""Running trials: engine and workers, cache, budget's books, replays, serving latency."""
