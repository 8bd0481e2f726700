"""One module per command, found by its file name."""
