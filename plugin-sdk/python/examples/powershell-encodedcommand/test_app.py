import base64
import unittest

import argv
from app import EncodedCommand, decode
from script import oddities
from watchbox.testing import World


def encoded(script: str) -> str:
    return base64.b64encode(script.encode("utf-16-le")).decode("ascii")


class Decoding(unittest.TestCase):
    def test_every_prefix_and_every_switch_character(self):
        for end in range(1, len("encodedcommand") + 1):
            for dash in ("-", "/", "\u2013", "\u2014", "\u2015", "--"):
                line = f"powershell {dash}{'encodedcommand'[:end]} {encoded('dir')}"
                self.assertEqual(list(decode(line)), [("dir", "")], line)

    def test_arguments_are_divided_as_the_runtime_does(self):
        for line, wanted in [
            (r'"abc" d e', ["abc", "d", "e"]),
            (r'a\\b d"e f"g h', [r"a\\b", "de fg", "h"]),
            (r"a\\\"b c d", [r"a\"b", "c", "d"]),
            (r'a\\\\"b c" d e', [r"a\\b c", "d", "e"]),
            (r'a"b"" c d', ['ab" c d']),
            ('"" end', ["", "end"]),
            ('"never closed x', ["never closed x"]),
        ]:
            self.assertEqual(argv.arguments(line), wanted, line)

    def test_quotes_are_balanced_as_powershell_does(self):
        for whole in ("", "'a''b' + \"c`\"d\" + '\"'", "# don't\nwhoami # can't", "<# it's\n\" #> dir", "@'\nit's \"\n'@", "echo a`'b", "echo a#b"):
            self.assertEqual(oddities(whole), [], whole)
        for cut in ("'", "echo 'a''", '"a`"', "<# a", "@'\nit", "echo a#'b"):
            self.assertEqual(oddities(cut), ["unfinished"], cut)

    def test_nesting_has_an_end(self):
        self.assertEqual(list(decode("cmd /c " * 10_000 + f"powershell -e {encoded('dir')}")), [])

    def test_an_event_becomes_a_row(self):
        line = f"powershell -enc {encoded('ü 😀')}"
        rows = World().install(EncodedCommand).events("X", [{"ClientId": "C.1", "CommandLine": line}, {"ClientId": "C.1", "CommandLine": 5}])
        self.assertEqual(rows, [{"ClientId": "C.1", "ParentInfo": None, "CommandLine": line, "Timestamp": None, "Script": "ü 😀", "Oddities": ""}])


if __name__ == "__main__":
    unittest.main()
