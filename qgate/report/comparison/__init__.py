"""Comparisons as terminal text, JSON and Markdown."""
