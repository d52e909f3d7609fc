"""DataRef to rows: every kind of input becomes the same stream of texts, each row in its place."""
