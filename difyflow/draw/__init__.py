"""Pictures and summaries of an app, as text: a format is `formats/<format>.py` with `draw(app) -> str`."""
