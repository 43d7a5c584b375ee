"""Whose the rows inside a network are: which particle, patch or token of its own each stands for.

- `probe`: made-up jets, in each of which other particles are exchanged;
- `naming`: tokens by the particles that change them;
- `calls`: the calls of attention, and the tokens that ask and are asked in each;
- `following`: which tokens the output of a call reaches, and whether the logits;
- `layers`: the layers whose outputs have places of particles or pixels;
- `layout`: how one output is laid out: which rows stand for which of them;
- `rows`: tokens of jets of some length, found again in a chunk of shorter ones;
- `importance`: numbers of tokens, given back to the particles that they stand for;
- `known`: what has been found out of a tagger, kept while it stays as it is.
"""
