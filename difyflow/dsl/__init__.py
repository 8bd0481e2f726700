"""The DSL document: read, model, render."""
