"""What people and machines say of a bundle, and whether it holds."""
