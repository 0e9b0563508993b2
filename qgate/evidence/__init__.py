"""The record of a run, from which every verdict can be derived again.

Its bundle, store and archive, the limits on what is read from elsewhere, and the audit log.
"""
