"""One file per node type; that file is the only place that knows the type."""
