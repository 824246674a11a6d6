"""Loads codecs that Python would look for at run time, when there is no file system to find them in."""

_COMMON = ("ascii", "cp1252", "latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "unicode_escape", "idna")


def load() -> None:
    """Loads the common ones into the component's snapshot. An artifact that needs another one uses it once at its module's top."""
    for name in _COMMON:
        "".encode(name)
