"""Why a picture was refused or can't be shown, as sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The codes of functions/media_renditions, whose English they repeat, and those of the upload itself.
REASONS: dict[str, Promise] = {
    "not_a_picture": _("This is not a picture we can show. Use JPEG, PNG, WebP, AVIF or GIF."),
    "too_many_pixels": _(
        "This picture has {megapixels} megapixels; the most we can take is {limit}. Make it smaller and try again."
    ),
    "too_many_frames": _(
        "This animation has {frames} frames, more than we can take. Save its first frame as a picture and try again."
    ),
    "damaged": _(
        "This file is damaged or incomplete. Save it again from where it came from and try once more."
    ),
    "too_heavy": _(
        "This picture takes too much memory or time to open. Save it as JPEG or PNG and try again."
    ),
    "missing": _("The file of this picture is no longer here. Upload it again."),
    "empty": _("This file is empty. Choose the picture again."),
    "too_large": _("This file is larger than {limit} MB. Make it smaller and try again."),
    "no_file": _("No picture was sent. Choose at least one."),
    "too_many": _("At most {limit} pictures can be sent at once. Send the others now."),
    "upload_too_large": _("That is more than can be sent at once. Send fewer or smaller pictures."),
    "away": _("Pictures can't be kept at this moment. Send this one again in a minute."),
    "no_room": _(
        "There is no room for this picture of {size}: of your {quota}, {left} are left. Delete pictures you no longer "
        "need, then try again."
    ),
    "not_straight": _("Pictures come through the site itself here. Send this one to it."),
    "not_arrived": _("This picture has not arrived, or it took too long. Send it again."),
    "no_length": _("The upload doesn't say how long it is. Send it with a Content-Length header."),
}


class Size(int):
    """A number of bytes as people read it: 4.2 MB, of a million bytes each."""

    def __str__(self) -> str:
        value, units = float(self), ["TB", "GB", "MB", "kB", "B"]
        while value >= 999.95 and len(units) > 1:
            value /= 1000
            units.pop()
        decimals = 0 if value >= 100 or value == int(value) else 1
        return f"{number_format(round(value, decimals), decimals)}\u00a0{units[-1]}"

    def __format__(self, spec: str) -> str:
        return str(self)


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """The sentence of `code` in the language of the moment; an unknown code gets the most general one."""
    return str(REASONS.get(code, REASONS["damaged"])).format(**facts)


class PictureRefused(Exception):
    """An upload that was not kept. `code` is stable; the message is a sentence for people."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts

    def __str__(self) -> str:
        return sentence(self.code, self.facts)
