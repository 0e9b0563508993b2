"""Layers to circuits, their simulation with and without a device's noise, and their figures."""
