"""One module per backend, found by its file name."""
