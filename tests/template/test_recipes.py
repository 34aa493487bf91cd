"""The recipes of `CONTRIBUTING.md` name every file that a thing of their kind stands in: all that exist are walked."""

import re
import unittest

from deployed import ROOT, binary, events, functions


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def recipe(title):
    """The files of a recipe, in its order."""
    section = text_of("CONTRIBUTING.md").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)


def has_word(text, word):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


class Recipes(unittest.TestCase):
    def test_every_function_stands_in_all_files_of_the_recipe(self):
        files = recipe("A function")
        self.assertGreater(len(files), 10)
        names = {binary(function) for function in functions().values()}
        self.assertGreater(len(names), 10)
        self.assertEqual(names, {folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir()})
        for function in sorted(names):
            for file in files:
                with self.subTest(function=function, file=file):
                    if file == "events/NAME.json":
                        self.assertTrue(any(self.samples(function)), "no sample event")
                    elif "NAME" in file:
                        self.assertTrue((ROOT / file.replace("NAME", function)).is_file(), "no such file")
                    else:
                        self.assertTrue(has_word(text_of(file), function), "the function is not in it")

    def samples(self, function):
        """Those of a step of the login are named after the step."""
        names = {function, function.replace("oauth-select", "oauth-assets")}
        return [path for name in names for path in (ROOT / "events").glob(f"{name}*.json")]

    def test_every_route_stands_in_all_files_of_the_recipe(self):
        files = recipe("A route")
        self.assertGreater(len(files), 2)
        routes = {event["Path"] for function in functions().values() for event in events(function, "HttpApi") if "Path" in event}
        self.assertGreater(len(routes), 20)
        for route in sorted(routes):
            for file in files:
                with self.subTest(route=route, file=file):
                    self.assertIn(route, text_of(file))

    def test_every_kind_of_message_stands_in_all_files_of_the_recipe(self):
        files = recipe("An event kind")
        self.assertGreater(len(files), 5)
        variants = re.search(r"pub enum Kind \{(.*?)\n\}", text_of("shared/domain/src/message.rs"), re.DOTALL)[1]
        kinds = set(re.findall(r"^    ([A-Z]\w+),$", variants, re.MULTILINE)) - {"Message"} # every message is one
        self.assertGreater(len(kinds), 5)
        for kind in sorted(kinds):
            word = re.sub(r"(?<!^)([A-Z])", r"_\1", kind).lower()
            for file in files:
                with self.subTest(kind=kind, file=file):
                    text = text_of(file)
                    self.assertTrue(has_word(text, kind) or has_word(text, word), "the kind is not in it")

    def test_every_channel_stands_in_all_files_of_the_recipe(self):
        files = recipe("A channel")
        self.assertGreater(len(files), 10)
        variants = re.search(r"pub enum Channel \{(.*?)\n\}", text_of("shared/domain/src/channel/mod.rs"), re.DOTALL)[1]
        channels = re.findall(r"^    ([A-Z]\w+),$", variants, re.MULTILINE)
        self.assertGreater(len(channels), 1)
        for channel in channels:
            for file in files:
                with self.subTest(channel=channel, file=file):
                    text = text_of(file.replace("NAME", channel.lower()))
                    if "NAME" not in file:
                        self.assertTrue(has_word(text, channel) or has_word(text, channel.lower()), "the channel is not in it")

    def test_every_story_stands_in_all_files_of_the_recipe(self):
        self.assertEqual(recipe("A story"), ["tests/stories/main.rs", "tests/stories/NAME.rs"])
        folder = ROOT / "tests/stories"
        stories = {path.stem for path in folder.glob("*.rs")} - {"main"} | {path.parent.name for path in folder.glob("*/mod.rs")}
        self.assertGreater(len(stories), 20)
        self.assertEqual(stories, set(re.findall(r"^mod (\w+);$", text_of("tests/stories/main.rs"), re.MULTILINE)))


if __name__ == "__main__":
    unittest.main()
