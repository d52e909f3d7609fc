"""The magics: parse, run, show. Whatever they do is done in another room."""
