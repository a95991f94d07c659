"""The colours of the demo prints: palettes picked by hand, each with the paper it is printed on."""

from dataclasses import dataclass

from PIL import ImageColor

RGB = tuple[int, ...]


@dataclass(frozen=True)
class Palette:
    """A paper, an ink that reads well on it, and colours ordered so that neighbours go together."""

    paper: RGB
    ink: RGB
    colours: tuple[RGB, ...]

    def ramp(self, at: float) -> RGB:
        """The colour at 0..1 of the way through the colours, mixed from the two nearest."""
        place = min(max(at, 0.0), 1.0) * (len(self.colours) - 1)
        index = min(int(place), len(self.colours) - 2)
        return mix(self.colours[index], self.colours[index + 1], place - index)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """`a` with `share` (0..1) of `b`."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))


def _palette(paper: str, ink: str, *colours: str) -> Palette:
    rgb = [ImageColor.getrgb(f"#{colour}") for colour in (paper, ink, *colours)]
    return Palette(rgb[0], rgb[1], tuple(rgb[2:]))


PALETTES: dict[str, Palette] = {
    "adobe": _palette("f6efe3", "3b2a26", "7a2e1d", "b5482a", "dd7f4b", "efb366", "f3d9a4", "8c9a7b"),
    "atlantic": _palette("f3f1ea", "12263a", "0d2c47", "1d5470", "3a8a94", "86bfb0", "d9e2c5", "f0a35e"),
    "bauhaus": _palette("f4ecd8", "1f1d1b", "d3402b", "e9a820", "26547c", "1f1d1b", "8fb5a6", "efe0c0"),
    "botanical": _palette("f5f2e7", "24352b", "1f3d2f", "3f6b4a", "769a5f", "b3c088", "e3dcae", "d9825b"),
    "clay": _palette("f2ebe2", "4a342b", "5a3b30", "94604a", "c08b6a", "dbb79a", "ead9c4", "6f7f80"),
    "cinder": _palette("1d1c1f", "efe6d5", "e4572e", "f3a712", "efe6d5", "a8c686", "669bbc", "8a4f7d"),
    "citrus": _palette("fbf6e8", "34403a", "e85d2c", "f59a23", "f9c846", "d9d65b", "7fae5c", "2f7f79"),
    "fjord": _palette("eef0ee", "1d2b36", "22384a", "40637c", "7695a6", "b4c7cb", "e3e3da", "c8694f"),
    "heather": _palette("f5f0ef", "36273f", "3f2a56", "71477f", "a8739f", "d5a6b8", "edd5cf", "7d9a86"),
    "indigo": _palette("f1ece1", "1b1f3b", "171c3f", "2a3a78", "4e6bb0", "94add1", "d9dfe2", "e0b04c"),
    "lagoon": _palette("f7f3e8", "0f3b3f", "0b4f54", "148085", "55b5a6", "b2dcc3", "f4e3b5", "ef7f5b"),
    "midnight": _palette("10182b", "f2e9d8", "21386b", "3f6aa8", "7fb3cf", "f2e9d8", "f4b95a", "e0694a"),
    "orchard": _palette("f8f1e5", "3c2a2a", "8e2433", "c8433f", "e98a6d", "f2c398", "cfd29b", "6d8b5a"),
    "rose": _palette("f9f1ec", "4b2530", "6f2741", "b2435a", "de7f7c", "f1b5a0", "f7dcc4", "4f7277"),
    "saffron": _palette("faf3e3", "33302b", "b6451f", "de7a1c", "f1a93b", "f6d071", "e9e0bd", "4d6a74"),
    "slate": _palette("eeebe5", "22262a", "2c3338", "555f66", "8a9499", "bfc4c2", "dedcd4", "c9573c"),
    "twilight": _palette("f4ede8", "2b2140", "2a2350", "58407f", "a0588e", "e27d79", "f6b278", "fbe0b0"),
}

# Their names; the others are the same, or names of places and schools.
IN_SPANISH = {
    "atlantic": "Atlántico",
    "botanical": "Botánica",
    "clay": "Arcilla",
    "cinder": "Ceniza",
    "citrus": "Cítricos",
    "fjord": "Fiordo",
    "heather": "Brezo",
    "indigo": "Índigo",
    "lagoon": "Laguna",
    "midnight": "Medianoche",
    "orchard": "Huerto",
    "rose": "Rosa",
    "saffron": "Azafrán",
    "slate": "Pizarra",
    "twilight": "Crepúsculo",
}
