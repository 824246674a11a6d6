"""What endpoints say, as a mail may show it: on one line, nothing hidden in it, and nothing that a mail program makes a link of."""

import re

from watchbox.text import cut, printable

# A dot before what may be the last part of a domain's name, or lead to it: programs make links of bare names too, and .zip is one.
_DOT = re.compile(r"(?<=[^\W_])\.(?=(?:[^\W\d_]{2,}(?![^\W_]|-)|xn--))", re.IGNORECASE)
# The beginning of \\server\share, to which Windows logs in by itself; not what stands between the parts of a path in JSON.
_SHARE = re.compile(r"(?:(?<=file:)|(?<![\w\\:]))\\{2,}(?=[\w.])", re.IGNORECASE)


def in_header(text: str) -> str:
    """The text without what mail programs decode in a header, as ``=?utf-8?Q?...?=``, and show as something else."""
    return text.replace("=?", "= ?")


def safe(text: str, longest: int) -> str:
    """The text, or its first ``longest`` characters with a note. Addresses are written as analysts write them: ``https[:]//evil[.]example``."""
    text = cut(text, longest).replace("://", "[:]//")
    text = _SHARE.sub(lambda found: f"[{found[0]}]", text)
    return printable(_DOT.sub("[.]", text))
