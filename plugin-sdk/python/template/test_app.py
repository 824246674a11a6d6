import unittest

from app import LongCommands
from watchbox.testing import World


class LongCommandsTest(unittest.TestCase):
    def test_only_long_ones_become_rows(self):
        installed = World().install(LongCommands, {"Longest": 5})
        rows = installed.events(
            "Windows.Events.ProcessCreation",
            [
                {"ClientId": "C.1", "CommandLine": "short"},
                {"ClientId": "C.2", "CommandLine": "longer"},
                {"ClientId": "C.3", "CommandLine": None},
            ],
        )
        self.assertEqual(rows, [{"ClientId": "C.2", "CommandLine": "longer", "Length": 6}])


if __name__ == "__main__":
    unittest.main()
