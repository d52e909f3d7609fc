"""Request -> the plain Transformers program that does the same, with no import of this package."""
