"""Each file here shows a diff in one format; its name is that of the format."""
