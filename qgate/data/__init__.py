"""Reading, splitting and hashing data sets."""
