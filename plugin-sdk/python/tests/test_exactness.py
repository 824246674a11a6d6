"""The rules of the JSON form, each from the host to the artifact and back."""

import json
import unittest
from dataclasses import dataclass

from watchbox import Artifact, data, integer
from watchbox._values import rows_to_json
from watchbox.testing import Fault, World, to_guest


class Echo(Artifact):
    """Emits what comes in."""

    def events(self, batch):
        return batch.events


class Given(Artifact):
    """Emits what a test hands it."""

    rows: list = []

    def tick(self, tick):
        return type(self).rows


def emitted(*rows):
    Given.rows = list(rows)
    return World().install(Given).tick(0.0)


class Exactness(unittest.TestCase):
    def echo(self, value):
        """What a column of this value is to the artifact, and comes back as."""
        seen = []

        class Look(Echo):
            def events(self, batch):
                seen.extend(batch)
                return batch.events

        back = World().install(Look).events("X", [{"a": value}])
        self.assertEqual(back, seen)
        return seen[0]["a"]

    def test_integers_beyond_53_bits_come_as_text_and_go_as_they_are(self):
        self.assertEqual(self.echo(2**53 - 1), 2**53 - 1)
        self.assertEqual(self.echo(1 - 2**53), 1 - 2**53)
        self.assertEqual(self.echo(2**53), "9007199254740992")
        self.assertEqual(self.echo(-(2**63)), "-9223372036854775808")
        self.assertEqual(integer("18446744073709551615"), 2**64 - 1)
        self.assertEqual(integer(7), 7)
        self.assertEqual(rows_to_json([{"a": 2**64 - 1}]), b'[{"a":18446744073709551615}]')
        for wrong in ("x", "1.5", "", None, True, 1.0, "\u0664"):
            with self.assertRaises(ValueError):
                integer(wrong)

    def test_bytes_are_base64_both_ways(self):
        self.assertEqual(self.echo(b"\xff\x00"), "/wA=")
        self.assertEqual(data("/wA="), b"\xff\x00")
        self.assertEqual(emitted({"a": b"\xff\x00", "b": [bytearray(b"x")]}), [{"a": "/wA=", "b": ["eA=="]}])
        for wrong in ("~", 5, None):
            with self.assertRaises(ValueError):
                data(wrong)

    def test_what_is_not_finite_comes_as_none_and_may_not_go(self):
        for value in (float("nan"), float("inf"), float("-inf")):
            self.assertIsNone(self.echo(value))
            with self.assertRaises(Fault) as fault:
                emitted({"ok": 1}, {"Share": value})
            self.assertIn(f"row 1, column `Share`: {value} is no JSON; use None in its place", str(fault.exception))

    def test_nested_maps_keep_their_shape_and_order(self):
        value = {"z": [1, {"y": None, "a": [True, 0.5]}], "a": {}}
        self.assertEqual(self.echo(value), value)
        self.assertEqual(list(self.echo(value)), ["z", "a"])
        self.assertEqual(rows_to_json([{"b": 1, "a": {"d": 1, "c": 2}}]), b'[{"b":1,"a":{"d":1,"c":2}}]')

    def test_a_lone_surrogate_goes_as_an_escape_that_the_host_replaces(self):
        self.assertEqual(rows_to_json([{"a": "x\ud83d"}]), b'[{"a":"x\\ud83d"}]')
        self.assertEqual(rows_to_json([{"a": "\U0001f600"}]), b'[{"a":"\\ud83d\\ude00"}]')

    def test_the_host_writes_ascii(self):
        self.assertTrue(to_guest({"ü": "😀\n\x00"}).isascii())
        self.assertEqual(self.echo("ü 😀 \x00"), "ü 😀 \x00")

    def test_floats_and_integers_stay_apart(self):
        self.assertEqual(rows_to_json([{"a": 1.0, "b": 1}]), b'[{"a":1.0,"b":1}]')
        self.assertIs(type(self.echo(1.0)), float)

    def test_rows_may_be_dataclasses(self):
        @dataclass
        class Row:
            ClientId: str
            Data: bytes

        self.assertEqual(emitted(Row("C.1", b"x"), {"n": Row("C.2", b"")}), [{"ClientId": "C.1", "Data": "eA=="}, {"n": {"ClientId": "C.2", "Data": ""}}])

    def test_what_is_no_row_is_a_fault_by_name(self):
        with self.assertRaisesRegex(Fault, "row 0: a dict or a dataclass instance is wanted, not int"):
            emitted(7)
        with self.assertRaisesRegex(Fault, "row 0, column `a`: set is nothing that a row can hold"):
            emitted({"a": {1}})
        self.assertEqual(rows_to_json([]), b"")
        self.assertEqual(json.loads(rows_to_json([{}])), [{}])
