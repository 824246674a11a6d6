"""Turns: parameters, failures and what they undo."""

import unittest
from dataclasses import dataclass
from typing import Any

from watchbox import Artifact, Denied, Reject, Retry, clients, clock, http, labels, log, mail, parameter, state
from watchbox._failure import describe
from watchbox.testing import Client, Fault, Level, Response, World


@dataclass
class Parameters:
    longest: int = parameter("Longest")
    share: float = parameter("Share")
    rules: Any = parameter("Rules")


class Typed(Artifact):
    parameters: Parameters

    def configure(self):
        if self.parameters.longest < 0:
            raise ValueError("`Longest` must not be negative")

    def tick(self, tick):
        yield {"Longest": self.parameters.longest, "Share": self.parameters.share, "Rules": self.parameters.rules}


class Greeter(Artifact):
    """Tells of new clients, and counts them."""

    def __init__(self):
        self.greeted = 0

    def tick(self, tick):
        for client in clients.search("label:New"):
            labels.remove(client.id, "New")
            state.set("count", state.get("count", 0) + 1)
            self.greeted += 1
            response = http.post(http.secret("token_url"), json={"text": f"{client.id} at {clock.now()}"}, timeout=10, once=client.id)
            if not response.ok:
                raise Retry(f"answered {response.status}", after=2.5)
            log.info(f"greeted {client.id}")
            yield {"client_id": client.id, "Greeted": self.greeted}


def world(respond=lambda request: Response(200)):
    return World(clients=[Client("C.1", labels=["New", "x"]), Client("C.2", labels=["new"]), Client("C.3")], respond=respond)


class Turns(unittest.TestCase):
    def test_parameters_are_typed(self):
        installed = World().install(Typed, {"Longest": 5, "Share": 1, "Rules": {"a": [1]}})
        self.assertEqual(installed.tick(0), [{"Longest": 5, "Share": 1.0, "Rules": {"a": [1]}}])

    def test_what_is_wrong_with_parameters_is_told(self):
        for given, text in [
            ({"Longest": "5", "Share": 1, "Rules": None}, "parameter `Longest`: int is wanted, not str"),
            ({"Longest": 5, "Share": 1}, "there is no parameter `Rules`"),
            ({"Longest": -1, "Share": 1, "Rules": None}, "`Longest` must not be negative"),
        ]:
            with self.assertRaisesRegex(ValueError, text):
                World().install(Typed, given)

    def test_a_turn_uses_capabilities(self):
        played = world()
        installed = played.install(Greeter)
        self.assertEqual(installed.tick(60.0), [{"client_id": "C.1", "Greeted": 1}, {"client_id": "C.2", "Greeted": 2}])
        self.assertEqual([request.once for request in played.requests], ["C.1", "C.2"])
        self.assertEqual(played.requests[0].url, http.Secret("token_url"))
        self.assertEqual(played.requests[0].json(), {"text": "C.1 at 60.0"})
        self.assertEqual(played.clients["C.1"].labels, ["x"])
        self.assertEqual(played.state, {"count": b"2"})
        self.assertEqual(played.lines, [(Level.INFO, "greeted C.1"), (Level.INFO, "greeted C.2")])
        self.assertEqual(installed.tick(120.0), [])

    def test_a_failed_turn_leaves_nothing_but_its_requests(self):
        answers = iter([200, 503, 200])
        played = world(lambda request: Response(next(answers)))
        installed = played.install(Greeter)
        with self.assertRaises(Retry) as retry:
            installed.tick(60.0)
        self.assertEqual((retry.exception.reason, retry.exception.after), ("answered 503", 2.5))
        self.assertEqual(played.clients["C.1"].labels, ["New", "x"])
        self.assertEqual(played.state, {})
        # C.1's message was accepted and is not sent again; the artifact was made anew.
        self.assertEqual(installed.tick(60.0)[1], {"client_id": "C.2", "Greeted": 2})
        self.assertEqual([request.once for request in played.requests], ["C.1", "C.2", "C.2"])

    def test_denied_names_the_grant(self):
        with self.assertRaisesRegex(Fault, r"Denied: clients: denied: grant `clients` \(test_turns.py:\d+ in tick\)"):
            World(deny=["clients"]).install(Greeter).tick(0)

        class Careful(Artifact):
            def tick(self, tick):
                try:
                    state.get("x")
                except Denied as denied:
                    yield {"Denied": denied.capability}

        self.assertEqual(World(deny=["state"]).install(Careful).tick(0), [{"Denied": "state"}])

    def test_an_exception_is_a_fault_with_text_place_and_cause(self):
        class Careless(Artifact):
            def events(self, batch):
                for event in batch:
                    try:
                        event["Missing"]
                    except KeyError as error:
                        raise RuntimeError("no such column") from error
                    yield event

        with self.assertRaises(Fault) as fault:
            World().install(Careless).events("X", [{"a": 1}])
        text = str(fault.exception)
        self.assertRegex(text, r"^RuntimeError: no such column \(test_turns.py:\d+ in events\); because of KeyError: 'Missing' \(test_turns.py:\d+ in events\)$")

    def test_what_is_not_written_is_rejected(self):
        with self.assertRaisesRegex(Reject, "subscribes to X, but the artifact has no `events`"):
            World().install(Typed, {"Longest": 1, "Share": 1, "Rules": 0}).events("X", [{}])
        with self.assertRaisesRegex(Reject, "no `tick`"):
            World().install(Artifact).tick(0)

    def test_errors_of_capabilities_have_types(self):
        class Calls(Artifact):
            call = None

            def tick(self, tick):
                type(self).call()

        for call, kind in [
            (lambda: list(clients.search("")), clients.InvalidQuery),
            (lambda: labels.add("C.9", "x"), labels.UnknownClient),
            (lambda: labels.add("C.1", "a,b"), labels.InvalidLabel),
            (lambda: state.set("", 1), state.InvalidKey),
            (lambda: http.get("https://example.org/"), http.Unreachable),
        ]:
            Calls.call = staticmethod(call)
            with self.assertRaisesRegex(Fault, f"^{kind.__name__}: "):
                world(None).install(Calls).tick(0)

    def test_search_goes_on_over_pages(self):
        many = [Client(f"C.{number:05}", hostname=f"WS{number}") for number in range(2_500)]

        class Count(Artifact):
            def tick(self, tick):
                yield {"All": sum(1 for _ in clients.search("all")), "Some": len(list(clients.search("host:ws1*"))), "One": clients.get("C.00007").hostname}

        self.assertEqual(World(clients=many).install(Count).tick(0), [{"All": 2_500, "Some": 1_111, "One": "WS7"}])

    def test_mail_is_sent_once_over_tries(self):
        class Mailing(Artifact):
            def tick(self, tick):
                yield {"Id": mail.send("soc@example.org", "s", f"try {tick.due}", once="C.1")}
                mail.send(["a@example.org", "b@example.org"], "s", "t")

        def relay(message):
            if len(message.to) > 1:
                raise mail.Unavailable("busy")

        played = World(relay=relay)
        installed = played.install(Mailing)
        for _ in range(2):
            with self.assertRaisesRegex(Fault, "^Unavailable: mail: unavailable: busy"):
                installed.tick(60)
        self.assertEqual([len(message.to) for message in played.mails], [1, 2, 2])
        played.relay = None
        self.assertEqual(installed.tick(60), [{"Id": "<1@watchbox.test>"}])
        self.assertEqual(played.mails[0], mail.Message(["soc@example.org"], "s", "try 60", "C.1"))
        with self.assertRaisesRegex(Fault, "^Denied: mail: denied: "):
            World(deny=["mail"]).install(Mailing).tick(0)

    def test_a_refusal_of_mail_is_settled_as_well(self):
        class Mailing(Artifact):
            def tick(self, tick):
                try:
                    mail.send("nobody@example.org", "s", "t", once="C.1")
                except mail.Refused as refused:
                    raise Retry(str(refused))

        def relay(message):
            raise mail.Refused("550 no such user")

        played = World(relay=relay)
        installed = played.install(Mailing)
        for _ in range(2):
            with self.assertRaisesRegex(Retry, "^mail: refused: 550 no such user$"):
                installed.tick(60)
        self.assertEqual(len(played.mails), 1)

    def test_what_is_forgotten_is_sent_again(self):
        class Patient(Artifact):
            def tick(self, tick):
                if http.post("https://h.example/", once="C.1").status == 401:
                    http.forget("C.1")
                    raise Retry("refused")

        played = World(respond=lambda request: Response(401))
        installed = played.install(Patient)
        for _ in range(2):
            with self.assertRaises(Retry):
                installed.tick(60)
        played.respond = lambda request: Response(200)
        installed.tick(60)
        self.assertEqual(len(played.requests), 3)

    def test_a_secret_stands_in_a_body(self):
        class Posting(Artifact):
            def tick(self, tick):
                http.post("https://h.example/", body=["{\"key\":\"", http.secret("key"), "\",\"a\":\"ü\"}", http.secret("key", "x")])

        played = World(respond=lambda request: Response(200))
        played.install(Posting).tick(0)
        self.assertEqual(played.requests[0].body.decode(), '{"key":"{key}","a":"ü"}x{key}')

    def test_a_place_is_named_wherever_the_artifact_lies(self) -> None:
        source = compile("def tick():\n    raise KeyError('x')\n", "/home/ann/watchbox/mine/app.py", "exec")
        names: dict[str, Any] = {}
        exec(source, names)
        try:
            names["tick"]()
        except KeyError as error:
            text = describe(error)
        self.assertTrue(text.startswith("KeyError: 'x' (app.py:2 in tick, "), text)

    def test_a_deep_recursion_is_described(self):
        def deep():
            deep()

        try:
            deep()
        except RecursionError as error:
            self.assertRegex(describe(error), r"^RecursionError: .*test_turns.py:\d+ in deep")


if __name__ == "__main__":
    unittest.main()
