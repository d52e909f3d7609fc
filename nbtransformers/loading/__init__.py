"""From a model's name to its tokenizer and weights: the bundled models, the cache, the load gate."""
