"""What artifacts that tell of something share: text, digests, windows, alerts, deliveries."""

import hashlib
import json
import unittest
from email.utils import formatdate

from watchbox import Artifact, Retry, http
from watchbox.alerts import Alert, Alerts, utc
from watchbox.delivery import asks_for_patience, deliver, pause_of
from watchbox.digest import Names, digest
from watchbox.testing import Client, Response, World
from watchbox.text import column, cut, fill, printable, shown
from watchbox.windows import Windows, key_of


def during(world, at, turn):
    """Runs ``turn`` as a tick of an artifact at this time; gives what it returned, or raises what it raised."""
    given = []

    class Once(Artifact):
        def tick(self, tick):
            try:
                given.append((turn(), None))
            except Exception as error:
                given.append((None, error))

    world.install(Once).tick(at)
    [(value, error)] = given
    if error is not None:
        raise error
    return value


class Texts(unittest.TestCase):
    def test_what_would_be_obeyed_is_shown(self):
        for given, wanted in [
            ("plain ü 😀 \\ <b>", "plain ü 😀 \\ <b>"),
            ("a\r\nb\tc\x1b[31m\x7f\0", "a␍␊b␉c␛[31m␡␀"),
            ("\x85\u2028\u2029", "<U+0085><U+2028><U+2029>"),
            ("exe.\u202egpj\u2066\u200f\u061c", "exe.<U+202E>gpj<U+2066><U+200F><U+061C>"),
            ("a\u200b\u200d\u2060\ufeff\xadb", "a<U+200B><U+200D><U+2060><U+FEFF><U+00AD>b"),
            ("\U000e0041\U000e0100", "<U+E0041><U+E0100>"),
            ("\ud800x", "\ufffdx"),
        ]:
            self.assertEqual(printable(given), wanted)

    def test_what_is_cut_says_so(self):
        self.assertEqual(cut("abc", 3), "abc")
        self.assertEqual(cut("abcdef", 3), "abc… (3 more characters)")
        self.assertEqual(cut("ab😀cd", 3), "ab😀… (2 more characters)")
        self.assertEqual(cut("abc", 0), "… (3 more characters)")

    def test_templates_take_columns_and_what_is_in_them(self):
        columns = {"A": "x", "B.C": 1, "D": {"E": [True], "F": None}, "A.x": "own"}
        wanted = 'x/1/[true]/{"E":[true],"F":null}///own/{}{'
        self.assertEqual(fill("{A}/{B.C}/{D.E}/{D}/{D.F}/{D.E.0}{nothing}/{A.x}/{}{", columns), wanted)
        self.assertEqual(fill("{A}", {"A": "{B}", "B": "no"}), "{B}", "what was filled in is not filled again")
        self.assertEqual(fill("{A}-{Z}", columns, show=lambda value: repr(value)), "'x'-None")
        self.assertEqual([column(columns, path, "none") for path in ("D.F", "D.G", "A.y")], [None, "none", "none"])
        self.assertEqual([shown(value) for value in (None, 0.5, {"a": "ü"}, "", True)], ["", "0.5", '{"a":"ü"}', "", "true"])


class Digests(unittest.TestCase):
    def test_digests_are_sha_256(self):
        self.assertEqual(digest("ü 😀"), hashlib.sha256("ü 😀".encode()).hexdigest())
        self.assertEqual(len(digest("\ud800")), 64)

    def test_names_are_the_same_on_every_try_and_no_two_alike(self):
        def given():
            names = Names()
            return [names.of("a", "b"), names.of("a", "b"), names.of("ab"), names.of("a", "b"), names.of("a", None, 1)]

        self.assertEqual(given(), given())
        self.assertEqual(len(set(given())), 5)
        for name in given():
            self.assertRegex(name, r"^[0-9a-f]{32}(-\d)?$")


class WhatIsKnown(unittest.TestCase):
    def test_an_alert_says_what_the_server_knows_whatever_the_event_says(self):
        world = World(clients=[Client("C.1", hostname="WS-1")])

        def of(event, played=world):
            return during(played, 0, lambda: Alerts("X").of({"ClientId": "C.1", "_ts": 1_700_000_000.5, **event}))

        ours = {"alert.client_id": "C.1", "alert.hostname": "WS-1", "alert.log": "X", "alert.time": "2023-11-14 22:13:20 UTC"}
        theirs = {"A": 1, "alert": {"hostname": "forged"}}
        self.assertEqual(
            of({**theirs, "alert.log": "forged"}),
            Alert("C.1", "WS-1", "X", "2023-11-14 22:13:20 UTC", {"ClientId": "C.1", "_ts": 1_700_000_000.5, **theirs, **ours}),
        )
        self.assertEqual(of({"Hostname": "own"}).hostname, "own")
        self.assertEqual([of(event).hostname for event in ({"Hostname": ""}, {"Hostname": 5}, {"ClientId": "C.2"})], ["WS-1", "WS-1", ""])
        self.assertEqual(of({}, World(deny=["clients"])).hostname, "")
        self.assertEqual([utc(value) for value in (float("nan"), "x", None, 1e300, -1e300)], [""] * 5)
        self.assertEqual(utc(0), "1970-01-01 00:00:00 UTC")


class WindowsOfSilence(unittest.TestCase):
    def test_keys_that_are_too_long_end_in_a_digest(self):
        self.assertEqual(key_of("a" * 255), "a" * 255)
        one, other = (key_of("a" * 300 + end) for end in "xy")
        self.assertEqual(len(one), 255)
        self.assertNotEqual(one, other)

    def test_what_is_alike_is_told_once_in_a_window_and_counted(self):
        world = World()

        def turn(at, *keys):
            def play():
                windows = Windows(300)
                told = [tuple(windows.arrives(key, at, key.upper())) for key in keys]
                ended = [(window.key, window.more, window.since, window.last, window.about) for window in windows.ended(at)]
                windows.save()
                return told, ended

            return during(world, at, play)

        self.assertEqual(turn(0, "a", "a", "b"), ([(True, 0), (False, 0), (True, 0)], []))
        self.assertEqual(turn(299, "a"), ([(False, 0)], []))
        # The window is over: the next one brings the count along; what does not come again is told by itself, b not at all.
        self.assertEqual(turn(300, "a"), ([(True, 2)], []))
        self.assertEqual(turn(301, "a"), ([(False, 0)], []))
        self.assertEqual(turn(599), ([], []))
        self.assertEqual(turn(600), ([], [("a", 1, 300, 301, "A")]))
        self.assertEqual(world.state, {})

    def test_a_clock_that_was_ahead_silences_nothing_for_long(self):
        world = World()

        def tells(at):
            def play():
                windows = Windows(300)
                tell = windows.arrives("a", at).tell
                windows.save()
                return tell

            return during(world, at, play)

        self.assertEqual([tells(90_000), tells(89_900), tells(1_000), tells(1_001)], [True, False, True, False])

    def test_windows_are_bounded_and_what_the_oldest_held_is_told(self):
        world = World()

        def play():
            windows = Windows(300, most=2)
            for key in ["a", "a", "b", "c", "d"]:
                windows.arrives(key, 0)
            self.assertEqual([(window.key, window.more) for window in windows.ended(0)], [("a", 1)])
            self.assertEqual([windows.add("d"), windows.add("a"), windows.close("d"), windows.close("d")], [True, False, 1, 0])
            windows.save()

        during(world, 0, play)
        self.assertEqual(len(json.loads(world.state["windows"])), 1)
        self.assertTrue(during(world, 1, lambda: Windows(0).arrives("c", 1)).tell, "without a window everything is told")

    def test_windows_fit_into_the_state_whatever_is_in_them(self):
        world = World()

        def play():
            windows = Windows(300, largest=50_000)
            for number in range(400):
                windows.arrives(f"{number}" + "😀" * 200, 0, "\x01" * 200)
                windows.ended(0)
            windows.save()

        for _ in range(2):
            during(world, 0, play)
            self.assertLess(len(world.state["windows"]), 50_000)
            self.assertGreater(len(world.state["windows"]), 40_000)


class Deliveries(unittest.TestCase):
    def test_a_delivery_gives_what_is_settled_and_retries_the_rest(self):
        def answered(status, headers=(), body=b""):
            world = World(respond=lambda request: Response(status, list(headers), body))
            try:
                return during(world, 0, lambda: deliver("POST", "https://example.org/", once="x").status)
            except Retry as retry:
                return retry.after, retry.reason

        for status in (200, 202, 301, 400, 404, 413):
            self.assertEqual(answered(status), status)
        self.assertEqual(answered(429), (60, "answered 429"))
        self.assertEqual(answered(429, [("Retry-After", "7")], b" slowly "), (7, "answered 429: slowly"))
        self.assertEqual(answered(503), (0, "answered 503"))
        self.assertEqual(answered(503, [("retry-after", "2")]), (2, "answered 503"))

    def test_what_was_not_answered_and_what_is_not_granted_yet_is_retried_what_is_no_request_is_not(self):
        def delivery(error, deny=()):
            def respond(request):
                raise error

            return during(World(respond=respond, deny=deny), 0, lambda: deliver("POST", "https://example.org/"))

        for error, reason, after in [
            (http.Unreachable("connection refused"), "connection refused", 0),
            (http.Timeout(), "no response in time", 0),
            (http.Limited(1500), "the requests a minute are spent", 1.5),
        ]:
            with self.assertRaisesRegex(Retry, reason) as retry:
                delivery(error)
            self.assertEqual(retry.exception.after, after)
        with self.assertRaisesRegex(Retry, "denied"):
            delivery(None, deny=["http"])
        for error in (http.InvalidRequest("why"), http.TooLarge(5)):
            with self.assertRaises(type(error)):
                delivery(error)

    def test_pauses(self):
        def pause(asked=None, otherwise=0.0, date=None):
            headers = [("retry-after", asked)] * (asked is not None) + [("date", date)] * (date is not None)
            return pause_of(Response(503, headers), otherwise)

        self.assertEqual([pause(), pause(otherwise=5), pause(" ", 5), pause("1.5"), pause("-1"), pause("1e9"), pause("inf")], [0, 5, 5, 1.5, 0, 86_400, 86_400])
        self.assertEqual([pause("soon"), pause("nan")], [60, 60])
        later, now = (formatdate(seconds, usegmt=True) for seconds in (1_800_000_090, 1_800_000_000))
        self.assertEqual(pause(later, date=now), 90)
        self.assertEqual(pause(later), 60, "without the other side's clock a date says nothing")
        self.assertEqual(pause("Mon, 99 Jan 2026 00:00:00 GMT", date=now), 60)
        self.assertEqual([status for status in (408, 425, 429, 500, 200, 404) if asks_for_patience(status)], [408, 425, 429, 500])


if __name__ == "__main__":
    unittest.main()
