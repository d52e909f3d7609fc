"""Small models taught on real data for the tests: made once, and kept in the cache folder."""
