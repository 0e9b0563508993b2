"""Reading, splitting and hashing data sets.

Rows of a table, and the binary quadratic problems of optimization pilots.
"""
