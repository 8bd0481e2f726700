"""How findings are written: a file per format, each with `write`."""
