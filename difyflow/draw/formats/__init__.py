"""One file per format, with `draw(app: App) -> str`; its docstring's first line says what the format is."""
