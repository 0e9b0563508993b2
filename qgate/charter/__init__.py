"""YAML text to a frozen Charter, with located findings."""
