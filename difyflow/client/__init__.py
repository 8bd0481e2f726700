"""Dify's HTTP APIs; the only place that imports requests."""
