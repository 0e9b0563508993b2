"""How property tests search: always the same examples, and no clock."""

from hypothesis import settings

FIXED = settings(derandomize=True, deadline=None, database=None, max_examples=40)
