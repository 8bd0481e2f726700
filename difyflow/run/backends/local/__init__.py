"""Runs a workflow in this process on Dify's own engine."""
