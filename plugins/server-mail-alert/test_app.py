import json
import unittest

from app import MailAlert
from safe import in_header, safe
from watchbox import Retry, mail
from watchbox.testing import Client, Level, World

LOG = "Server.Powershell.EncodedCommand"
PARAMETERS = {"Log": LOG, "To": "soc@example.com", "Subject": "{Rule} on {alert.hostname}", "Key": "{ClientId} {Rule}", "Window": 300, "MaxMails": 10, "Columns": ""}

THREE = "soc@example.com, leaver@example.com, boss@example.com"


def event(client, rule, **more):
    return {"ClientId": client, "_ts": 1_700_000_000, "Rule": rule, **more}


def installed(answers=(), deny=(), **parameters):
    """An installation whose relay gives these answers one after the other (an exception, or None for taken), and then takes all."""
    left = list(answers)

    def relay(message):
        answer = left.pop(0) if left else None
        if answer is not None:
            raise answer

    world = World(clients=[Client("C.1", hostname="WS-1")], relay=relay, deny=deny)
    return world.install(MailAlert, {**PARAMETERS, **parameters})


def at(now, alert, events):
    alert.world.now = now
    return alert.events(LOG, events)


def outcomes(rows):
    return [(row["Kind"], row["Key"], row["Status"], row["Count"]) for row in rows]


def subjects(alert):
    return [message.subject for message in alert.world.mails]


class Told(unittest.TestCase):
    def test_each_kind_of_row_is_told_once_and_then_how_many_more_there_were(self):
        alert = installed()
        rows = at(1000, alert, [event("C.1", "a", Pid=5), event("C.1", "a"), event("C.2", "a", Hostname="own"), event("C.1", "b")])
        self.assertEqual(outcomes(rows), [("alert", "C.1 a", "sent", 1), ("alert", "C.2 a", "sent", 1), ("alert", "C.1 b", "sent", 1)])
        self.assertEqual(subjects(alert), ["a on WS-1", "a on own", "b on WS-1"])
        first = alert.world.mails[0]
        self.assertEqual((first.to, rows[0]["To"], rows[0]["MessageId"]), (["soc@example.com"], "soc@example.com", "<1@watchbox.test>"))
        self.assertEqual(
            first.text,
            f"Log:      {LOG}\nClient:   C.1\nHost:     WS-1\nReceived: 2023-11-14 22:13:20 UTC\n\nThe row:\n\nRule: a\nPid:  5\n",
        )
        self.assertEqual(at(1200, alert, [event("C.1", "a")]), [])
        self.assertEqual(alert.tick(1299), [])
        self.assertEqual(outcomes(alert.tick(1300)), [("summary", "C.1 a", "sent", 2)])
        last = alert.world.mails[-1]
        self.assertEqual(last.subject, "2 more: a on WS-1")
        self.assertEqual(
            last.text,
            f"2 rows were not told by themselves.\n\nLog:                 {LOG}\nSubject:             a on WS-1\nClient of the first: C.1\n"
            "Host of the first:   WS-1\nAlike in:            C.1 a\nFrom:                1970-01-01 00:16:40 UTC\nTo:                  1970-01-01 00:20:00 UTC\n\n"
            "The rows themselves are in the log.\n",
        )
        self.assertEqual(alert.tick(1330), [])
        self.assertNotIn("windows", alert.world.state)

    def test_what_was_not_told_by_itself_comes_with_the_next_mail_where_that_is_first(self):
        alert = installed()
        at(1000, alert, [event("C.1", "a"), event("C.1", "a")])
        self.assertEqual(outcomes(at(1400, alert, [event("C.1", "a")])), [("alert", "C.1 a", "sent", 2)])
        self.assertIn("Held back: 1 more like it before, not told by themselves\n", alert.world.mails[-1].text)

    def test_without_a_window_each_row_is_told_those_that_are_alike_too(self):
        alert = installed(Window=0)
        self.assertEqual(len(at(1000, alert, [event("C.1", "a"), event("C.1", "a"), event("C.1", "a", N=1)])), 3)
        self.assertEqual(len({message.once for message in alert.world.mails}), 3)

    def test_windows_that_end_together_are_told_together(self):
        alert = installed()
        at(1000, alert, [event("C.1", "a"), event("C.1", "a"), event("C.2", "b"), event("C.2", "b"), event("C.2", "b")])
        self.assertEqual(outcomes(alert.tick(1300)), [("digest", None, "sent", 3)])
        self.assertEqual(alert.world.mails[-1].subject, f"3 more: {LOG}")
        self.assertIn("     1  1970-01-01 00:16:40 UTC  C.1  WS-1  a on WS-1\n     2  1970-01-01 00:16:40 UTC  C.2  -  b on\n", alert.world.mails[-1].text)

    def test_columns_are_shown_in_the_order_that_is_asked_for(self):
        alert = installed(Columns=" Data.Pid , Rule,missing, Nothing")
        at(1000, alert, [event("C.1", "a", Data={"Pid": 7}, Nothing=None, Other=1)])
        self.assertTrue(alert.world.mails[0].text.endswith("\n\nThe row:\n\nData.Pid: 7\nRule:     a\nNothing:\n"), alert.world.mails[0].text)


class BadDays(unittest.TestCase):
    def test_a_relay_that_is_away_is_waited_for_and_what_it_took_is_not_sent_again(self):
        alert = installed([None, mail.Unavailable("connection refused"), mail.Unavailable("450 busy")])
        events = [event("C.1", "a"), event("C.1", "b")]
        for why in ("connection refused", "450 busy"):
            with self.assertRaisesRegex(Retry, why):
                at(1000, alert, events)
        self.assertEqual(outcomes(at(1000, alert, events)), [("alert", "C.1 a", "sent", 1), ("alert", "C.1 b", "sent", 1)])
        self.assertEqual(subjects(alert), ["a on WS-1", "b on WS-1", "b on WS-1", "b on WS-1"])

    def test_what_is_held_back_is_not_lost_where_the_relay_is_away(self):
        alert = installed([None, mail.Unavailable("connection refused")])
        at(1000, alert, [event("C.1", "a"), event("C.1", "a")])
        with self.assertRaises(Retry):
            alert.tick(1300)
        self.assertEqual(outcomes(alert.tick(1330)), [("summary", "C.1 a", "sent", 1)])

    def test_a_refusal_is_a_row_and_the_rest_goes_on(self):
        alert = installed([mail.Refused("550 no such user")])
        rows = at(1000, alert, [event("C.1", "a"), event("C.1", "a"), event("C.1", "b")])
        self.assertEqual(outcomes(rows), [("alert", "C.1 a", "refused", 1), ("alert", "C.1 b", "sent", 1)])
        self.assertEqual((rows[0]["Reason"], rows[0]["MessageId"]), ("mail: refused: 550 no such user", None))
        self.assertIn((Level.ERROR, "mail: refused: 550 no such user"), alert.world.lines)

    def test_an_address_that_is_gone_keeps_mails_from_nobody_else(self):
        gone = mail.Refused("550 no such user")
        alert = installed([gone, None, gone, None, gone, None, gone, None], To=THREE)
        rows = at(1000, alert, [event("C.1", "a"), event("C.1", "a")])
        self.assertEqual(outcomes(rows), [("alert", "C.1 a", "sent", 1)])
        self.assertEqual((rows[0]["Reason"], rows[0]["MessageId"]), ("refused for leaver@example.com: 550 no such user", "<2@watchbox.test>, <4@watchbox.test>"))
        self.assertIn((Level.ERROR, "mail: refused for leaver@example.com: 550 no such user"), alert.world.lines)
        self.assertEqual([message.to for message in alert.world.mails], [THREE.split(", "), *([address] for address in THREE.split(", "))])
        self.assertEqual(len({message.once for message in alert.world.mails}), 4)
        self.assertEqual(outcomes(alert.tick(1300)), [("summary", "C.1 a", "sent", 1)])
        self.assertEqual(alert.tick(1600), [])

    def test_where_nobody_gets_it_it_is_refused(self):
        alert = installed([mail.Refused("554 spam")] * 3, To="a@example.com, b@example.com")
        rows = at(1000, alert, [event("C.1", "a"), event("C.1", "b")])
        self.assertEqual([row["Status"] for row in rows], ["refused", "sent"])
        self.assertEqual((rows[0]["Reason"], rows[0]["MessageId"]), ("refused for a@example.com: 554 spam; refused for b@example.com: 554 spam", None))

    def test_who_has_got_it_alone_gets_it_once_whatever_comes_then(self):
        gone = mail.Refused("550 no such user")
        alert = installed([gone, None, mail.Unavailable("450 busy"), mail.Limited(90_000), gone], To=THREE)
        for why in ("450 busy", "the mails an hour are spent"):
            with self.assertRaisesRegex(Retry, why):
                at(1000, alert, [event("C.1", "a")])
        self.assertEqual(outcomes(at(1000, alert, [event("C.1", "a")])), [("alert", "C.1 a", "sent", 1)])
        leaver = ["leaver@example.com"]
        self.assertEqual([message.to for message in alert.world.mails[1:]], [["soc@example.com"], leaver, leaver, leaver, ["boss@example.com"]])

    def test_mails_to_each_alone_count_and_are_seen_through(self):
        gone = mail.Refused("550 no such user")
        alert = installed([gone, None, gone, None] * 2, To=THREE, MaxMails=5)
        rows = at(1000, alert, [event("C.1", "a"), event("C.1", "b"), event("C.1", "c")])
        self.assertEqual([row["Status"] for row in rows], ["sent", "sent", "held back"])
        self.assertEqual(len(alert.world.mails), 8)
        self.assertEqual(alert.tick(1299), [])
        self.assertEqual(outcomes(alert.tick(1300)), [("summary", "C.1 c", "sent", 1)])

    def test_what_is_not_granted_waits(self):
        with self.assertRaisesRegex(Retry, "grant"):
            at(1000, installed(deny=["mail"]), [event("C.1", "a")])

    def test_hostnames_are_looked_up_where_it_is_granted(self):
        alert = installed(deny=["clients"])
        at(1000, alert, [event("C.1", "a")])
        self.assertEqual(subjects(alert), ["a on"])

    def test_a_subject_that_comes_out_empty_is_the_log(self):
        alert = installed(Subject="{Nothing} ")
        at(1000, alert, [event("C.1", "a")])
        self.assertEqual(subjects(alert), [LOG])

    def test_where_the_mails_of_the_hour_are_spent_rows_are_told_together_once_there_is_room(self):
        alert = installed([None, mail.Limited(90_000)])
        rows = at(1000, alert, [event("C.1", "a"), event("C.1", "b"), event("C.1", "c")])
        self.assertEqual([row["Status"] for row in rows], ["sent", "held back", "held back"])
        self.assertEqual(rows[1]["Reason"], "the grant's mails an hour are spent")
        self.assertEqual(alert.tick(1060), [])
        self.assertEqual(outcomes(alert.tick(1090)), [("digest", None, "sent", 2)])

    def test_a_row_that_makes_no_mail_stops_no_other(self):
        deep = json.loads("[" * 900 + "]" * 900)
        for _ in range(60_000):
            deep = [deep]
        alert = installed()
        turn = alert._instance._artifact.events
        played = alert._play(lambda: list(turn([event("C.1", "a", Deep=deep), event("C.1", "b")])))
        self.assertEqual([row["Status"] for row in played], ["not sent", "sent"])
        self.assertIn("RecursionError", played[0]["Reason"])


class Storms(unittest.TestCase):
    def test_a_storm_of_keys_makes_few_mails_and_loses_no_row(self):
        alert, told = installed(MaxMails=3), []
        for second in range(0, 600, 10):
            told += at(1000 + second, alert, [event("C.1", f"r{second}-{number}") for number in range(100)])
        for due in range(1600, 3000, 30):
            told += alert.tick(due)
        mails = [row for row in told if row["Status"] == "sent"]
        self.assertEqual(sum(row["Count"] for row in mails), 6_000)
        self.assertLessEqual(len(mails), 3 * 4)
        self.assertEqual([row["Kind"] for row in mails[:4]], ["alert"] * 3 + ["digest"])
        self.assertRegex(alert.world.mails[3].text, r"(?m)^  2797  of other kinds$")
        self.assertLess(sum(map(len, alert.world.state.values())), 1 << 20)

    def test_what_is_held_back_goes_first_when_mails_may_go_out_again(self):
        alert = installed(MaxMails=1)
        at(1000, alert, [event("C.1", "a"), event("C.1", "b")])
        self.assertEqual(outcomes(at(1299, alert, [event("C.1", "c")])), [("alert", "C.1 c", "held back", 1)])
        rows = at(1300, alert, [event("C.1", "d")])
        self.assertEqual(outcomes(rows), [("digest", None, "sent", 2), ("alert", "C.1 d", "held back", 1)])

    def test_the_state_is_bounded_whatever_endpoints_say(self):
        alert = installed(MaxMails=1)
        for turn in range(10):
            at(1000 + turn, alert, [event(f"C.{number}", f"{turn}" + "\x01😀" * 300, Hostname="\u202e" * 400) for number in range(100)])
        self.assertLess(sum(map(len, alert.world.state.values())), 700_000)


class Hostile(unittest.TestCase):
    def test_endpoints_forge_no_line_no_header_and_no_link(self):
        alert = installed(Subject="{Rule}")
        rule = "x\r\nBcc: all@example.com\r\n\r\nHost:     DC-1 \u202egpj.exe https://evil.example/a"
        at(1000, alert, [event("C.1", rule, **{"Name\nHost": "\x1b[2J \\\\evil.example\\share"})])
        message = alert.world.mails[0]
        self.assertEqual(message.to, ["soc@example.com"])
        self.assertEqual(message.subject, "x␍␊Bcc: all@example[.]com␍␊␍␊Host:     DC-1 <U+202E>gpj[.]exe https[:]//evil[.]example/a")
        self.assertEqual(
            message.text.split("The row:\n\n")[1],
            "Rule:      x␍␊Bcc: all@example[.]com␍␊␍␊Host:     DC-1 <U+202E>gpj[.]exe https[:]//evil[.]example/a\nName␊Host: ␛[2J [\\\\]evil[.]example\\share\n",
        )

    def test_no_subject_is_decoded(self):
        alert = installed(Subject="{Rule}{More}")
        at(1000, alert, [event("C.1", "=?utf-8?Q?=44C-1?=", More="?="), event("C.1", "a=", More="?utf-8?B?REMtMQ==?=")])
        self.assertEqual(subjects(alert), ["= ?utf-8?Q?=44C-1?= ?=", "a= ?utf-8?B?REMtMQ== ?="])
        self.assertEqual(in_header("==??=?"), "== ??= ?")

    def test_large_values_are_cut_with_a_note_and_leave_room_for_the_others(self):
        alert = installed()
        columns = {f"N{number}": "\u202e" * 10_000 for number in range(120)}
        at(1000, alert, [event("C.1", "a", Big="x" * 1_000_000), event("C.1", "b" * 1_000_000, **columns, Last="y")])
        first, second = (message.text for message in alert.world.mails)
        self.assertIn("Big:  " + "x" * 4_000 + "… (996000 more characters)\n", first)
        self.assertLess(len(second), 120_000)
        self.assertIn("\n… and 22 more columns\n", second)
        self.assertIn("N98:  <U+202E>", second)
        self.assertEqual(alert.world.mails[1].subject, "b" * 100 + "… (999900 more characters) on WS-1")

    def test_what_a_mail_program_makes_a_link_of_is_broken(self):
        for given, wanted in [
            ("www.evil.example a.b1.xn--p1ai C.1a2b a. b 10.0.0.1 setup.zip 1.5", "www[.]evil[.]example a.b1[.]xn--p1ai C.1a2b a. b 10.0.0.1 setup[.]zip 1.5"),
            ("ftp://10.0.0.1/x mailto:a@b.example", "ftp[:]//10.0.0.1/x mailto:a@b[.]example"),
            (r"net use \\srv\c$ file:\\srv C:\\Users\\x {'a':'\\\\srv'}", r"net use [\\]srv\c$ file:[\\]srv C:\\Users\\x {'a':'[\\\\]srv'}"),
        ]:
            self.assertEqual(safe(given, 1_000), wanted)
            self.assertEqual(safe(wanted, 1_000), wanted)

    def test_no_column_passes_for_what_the_server_knows(self):
        alert = installed(Subject="{alert.hostname} {alert.log}")
        at(1000, alert, [event("C.1", "a", **{"alert.hostname": "DC-1", "alert.log": "forged", "alert": {"log": "forged"}})])
        self.assertEqual(subjects(alert), [f"WS-1 {LOG}"])


class Parameters(unittest.TestCase):
    def test_what_makes_no_sense_is_told(self):
        for given, why in [
            ({"To": " , "}, "To has 0 addresses"),
            ({"To": "soc@example.com, soc"}, "To: `soc` is no mail address"),
            ({"To": "a\nb@example.com"}, "is no mail address"),
            ({"To": ",".join(f"a{number}@example.com" for number in range(51))}, "To has 51 addresses"),
            ({"Subject": " "}, "Subject is empty"),
            ({"Key": ""}, "Key is empty"),
            ({"Window": -1}, "Window is a number"),
            ({"MaxMails": 0}, "MaxMails is a number"),
        ]:
            with self.assertRaisesRegex(ValueError, why):
                installed(**given)

    def test_several_recipients_get_one_mail(self):
        alert = installed(To=" soc@example.com,a.b+c@sub.example.com,soc@example.com ")
        at(1000, alert, [event("C.1", "a")])
        self.assertEqual(alert.world.mails[0].to, ["soc@example.com", "a.b+c@sub.example.com"])


if __name__ == "__main__":
    unittest.main()
