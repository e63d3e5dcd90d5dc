"""Where keep bits come from. `base` says what a stream must offer; each stream is one module."""
