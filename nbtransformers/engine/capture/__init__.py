"""Attention, kept by what it is made of: one forward pass, and any weights of it afterwards.

- `listening`: a model's attention, heard at Transformers' attention interface while a pass goes through
- `places`: which part and layer a module is of, and what projects its output
- `seen`, `biases`: which keys a query may see, and what is added for their distance, in few bytes
- `layer`: the queries and keys of one layer, and every number that comes of them
- `store`: how much of all this stays in memory
- `forward`: the pass, and the maps of a reading
"""
