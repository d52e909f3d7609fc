"""Attention, kept by what it is made of: one forward pass, and any weights of it afterwards.

- `anatomy`: the modules of a model, and which part each is of
- `listening`: a model's attention, heard at Transformers' attention interface while a pass goes through
- `tracing`: the attention of modules that do not go by the interface, found among their operations
- `read`: which tokens each part reads, and which are no padding
- `projections`: what the outputs of heads go through next
- `seen`, `biases`: which keys a query may see, and what is added for their distance, in few bytes
- `layer`, `making`: the queries and keys of one layer, and every number that comes of them
- `windowed`, `replay`: layers that are computed in windows, and those that are made again when they are asked for
- `collecting`, `resting`: the layers of one pass, and how a model is left as it was
- `store`: how much of all this stays in memory
- `keeping`: a layer as arrays, for a file
- `outputs`: what a model is called with, and what is kept of its output
- `forward`: the pass, and the maps of a reading
"""
