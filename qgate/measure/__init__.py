"""Evidence to measurements, and what a plan promises of them."""
