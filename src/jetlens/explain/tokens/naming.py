"""Tokens by name: from where rows come from, or from what somebody says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from jetlens.core.attention import CLASS, NOWHERE, REGISTER, Tokens
from jetlens.core.errors import BadValueError, expected
from jetlens.explain.tokens.probe import Origin, Probe


def named(
    made_up: Probe, origins: list[Origin], asking: list[Origin] | None = None
) -> Tokens | None:
    """Name tokens by where they come from; None if that is not clear.

    The first of the network's own tokens is taken for its class token, the others for registers,
    and so are keys beside which nothing asks (`asking`: where the queries come from).
    """
    first = next((i for i, origin in enumerate(origins) if not origin.collections), None)
    beside = {o.collections for o in asking or ()}
    asks = asking is None or () in beside or not beside & {o.collections for o in origins}
    collection, place = [], []
    met: Counter[str] = Counter()
    for i, origin in enumerate(origins):
        name = "+".join(origin.collections)
        if not name:
            name = CLASS if asks and i == first else REGISTER
            at = NOWHERE
        elif origin.place is not None:
            at = origin.place
        elif name in made_up.places or len(origin.collections) > 1:
            at = NOWHERE  # the sum of a collection, of which there can be one
            met[name] += 1
            if met[name] > 1:
                return None
        else:
            at = met[name]  # a patch of an image, or a variable of the jet
            met[name] += 1
        collection.append(name)
        place.append(at)
    there = [(c, p) for c, p in zip(collection, place, strict=True) if p != NOWHERE]
    if len(set(there)) < len(there) or not _in_order(made_up, origins):
        return None
    return Tokens(tuple(collection), tuple(place))


def own(tokens: Tokens) -> list[int]:
    """Return which tokens are the network's own."""
    return [i for i, name in enumerate(tokens.collection) if name in (CLASS, REGISTER)]


def with_class(tokens: Tokens, which: int | None) -> Tokens:
    """Return tokens of which one of the network's own, or none, is the class token."""
    collection = list(tokens.collection)
    for number, i in enumerate(own(tokens)):
        collection[i] = CLASS if number == which else REGISTER
    return Tokens(tuple(collection), tokens.place)


def _in_order(made_up: Probe, origins: list[Origin]) -> bool:
    """Whether rows that see an image are its patches: those that see its upper half come first."""
    images = {name for name, values in made_up.inputs.items() if values.ndim == 4}
    upper = [o.upper for o in origins if len(o.collections) == 1 and images & {*o.collections}]
    return len(upper) < 2 or (upper[0] and not upper[-1] and upper == sorted(upper, reverse=True))


def told(made_up: Probe, layer: str, text: str, length: int) -> Tokens:
    """Return the tokens that somebody says there are, such as ``"class+constituents"``.

    Raises
    ------
    BadValueError
        If the layer has another number of them.
    """
    places = made_up.places
    collection: list[str] = []
    place: list[int] = []
    for name in (part.strip() for part in text.split("+")):
        if name in (CLASS, REGISTER):
            collection.append(name)
            place.append(NOWHERE)
        elif name in made_up.inputs:
            # an image fills what the others leave
            count = places.get(name, 1 if made_up.inputs[name].ndim == 2 else length)
            if name not in places and count > 1:
                count -= sum(places.get(p, 1) for p in text.split("+") if p != name)
            collection += [name] * count
            place += range(count)
        else:
            known = (*made_up.inputs, CLASS, REGISTER)
            raise BadValueError(f"streams of {layer!r} names {name!r}: {expected(name, known)}")
    if len(place) != length:
        raise BadValueError(
            f"streams of {layer!r}: {text!r} has {len(place)} tokens for jets{lengths(places)}, "
            f"but the layer has {length}"
        )
    return Tokens(tuple(collection), tuple(place))


def names(given: object) -> list[str]:
    """Return one name, or several, as a list; an empty one if they are no names."""
    found = [given] if isinstance(given, str) else given
    if isinstance(found, list | tuple) and all(isinstance(name, str) for name in found):
        return list(found)
    return []


def lengths(places: Mapping[str, int]) -> str:
    """Say how long jets are."""
    return "".join(f"{' of' if not i else ','} {n} {c}" for i, (c, n) in enumerate(places.items()))
