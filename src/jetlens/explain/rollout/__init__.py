"""What comes from where through several layers of attention.

- `feeds`: which call of attention made the tokens that a later one is given;
- `sources`: the tokens that there are before any attention, and where they go in;
- `flow`: their shares, multiplied up call by call.
"""
