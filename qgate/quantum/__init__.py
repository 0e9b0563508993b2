"""Layers to circuits, their simulation, and figures of a circuit."""
