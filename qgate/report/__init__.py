"""Decision to text; nothing is computed here that a verdict does not hold."""
