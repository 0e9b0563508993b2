"""Charter and locked inputs, expanded into trials.

Also what they will take, and which charters a change touches.
"""
