"""Request in, Result out: ordinary Python that knows torch and Transformers, and no notebook."""
