"""Running a workflow: backends that yield the same events and results."""
