"""Attention is captured as a tagger calls it, whatever the tagger is.

- `interception`: sees the functions that attend, and takes their place;
- `weights`: queries, keys and a mask to weights;
- `probe`, `naming`: made-up jets that tell where a row inside a network comes from, and its name;
- `axes`: where jets and heads are among the axes of a call;
- `tokens`: which collection and place each query and key comes from;
- `layers`: whose outputs have places of particles or pixels;
- `rows`: tokens in a chunk of jets;
- `capture`: jets through the tagger, chunk by chunk, their attention handed on;
- `maps`, `importance`: where it is put together;
- `feeds`, `sources`, `flow`: what comes from where through several layers.
"""
