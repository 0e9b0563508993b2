"""A decision as one HTML page that needs nothing besides itself: no network, no script."""
