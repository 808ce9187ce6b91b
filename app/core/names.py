"""Names as they are compared: all that people take for the same name has the same key.

Shown and stored is a name as it was written; beside it its key, which is unique. The lookalikes are
those letters of other alphabets with which a Latin word can be written so that nobody sees it.
Not covered, because it would part what is different: `l`, `I` and `1`, `O` and `0`, `rn` and `m`,
and accents, which are seen.
"""

import re
import unicodedata
from typing import Final

from app.core.folding import plain

# fmt: off
_LIKE: Final = (
    ("авсԁеҽнһіјкӏморԛѕтѵԝѡхуү", "abcdeehhijklmopqstvwwxyy"),
    ("αβεηικμνορτυωχγζ", "abehikmvoptuwxyz"),
    ("ցհյլոօզսք", "ghjlnoquf"),
    ("ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᎽᏃ", "abcdeghijklmprstvwyz"),  # noqa: RUF001 - Cherokee
    ("ɑᴀʙᴄᴅᴇꜰɡɢʜıɩɪȷᴊᴋʟᴍɴᴏᴘʀꜱᴛʋᴜᴠᴡʏᴢ", "aabcdefgghiiijjklmnoprstuuvwyz"),
)
# fmt: on
_LOOKALIKES: Final = str.maketrans(
    {
        letter: latin
        for letters, latins in _LIKE
        for letter, latin in zip(letters, latins, strict=True)
    }
)
_CAPITALS: Final = str.maketrans("ΗΜΝΥ", "HMNY")  # noqa: RUF001 - Greek
"""Greek capitals that look like another Latin letter than their small ones do."""


def name_key(name: str) -> str:
    """The same text for names that look the same, whatever their case, width or alphabet."""
    text = plain(name)
    if re.search("[A-Za-z]", text):
        text = text.translate(_CAPITALS)
    # Taken apart, so that a letter and its accent are found by what they look like.
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_LOOKALIKES)
    text = unicodedata.normalize("NFC", text.replace("i\u0307", "i"))
    return " ".join(text.split())


def mixes_alphabets(text: str) -> bool:
    """Whether one of its words has Latin letters beside such as only look like them."""
    return any(
        any(map(_is_latin, word)) and any(map(_poses, word)) for word in re.split(r"[\W\d_]+", text)
    )


def poses_as_latin(domain: str) -> bool:
    """Whether a part of a domain is all letters that only look Latin, before a Latin last one."""
    *parts, last = domain.split(".")
    words = [re.sub(r"[\W\d_]+", "", part) for part in parts]
    return last.isascii() and any(word and all(map(_poses, word)) for word in words)


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN ")


def _poses(letter: str) -> bool:
    return ord(letter.casefold()[0]) in _LOOKALIKES and not _is_latin(letter)
