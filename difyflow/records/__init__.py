"""What a run says and leaves behind."""
