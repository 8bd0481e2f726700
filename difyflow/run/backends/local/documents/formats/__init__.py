"""One module per document type, each with its `FORMAT`; a new file here is a new type."""
