"""An alarm watches something that is really counted, and says where it is written how to mend it."""

import json
import re
import unittest

from deployed import ROOT, binary, functions, of_type, read

RUNBOOK = "infra/guides/runbook.md"
# As `store` counts, which does not know `edge`: without dimensions.
PLAIN = re.compile(r"""target: METRIC, metric = "(\w+)", value = 1_u64, dimensions = "\{\}\"""")
# What is counted to be looked up: it is mended by itself, or what an alarm watches follows from it.
LOOKED_UP = {
    "deauthorized", # a person has removed the app: told in their tenant's audit log
    "enqueue_failed", "swept", # the sweep hands the answer over; where it does not, the queue's age is watched
    "erasures", # what fails ends in the dead-letter queue
    "webhook_tries", "webhook_try_ms", "webhook_waiting", "webhook_backlogs", # how endpoints fare: each tenant sees its own
    "webhook_orders_failed", # ends in the dead-letter queue
    "events_out", "hints", "sockets_opened", # how much is told
    "records_unreadable", # ends in the dead-letter queue
    "events_reduced", "webhook_oddities", # what Meta sends beside what is read
    "messages_accepted", "messages_refused", "profiles", "signed_request_refused",
    "profile_not_enqueued", # asked for again when somebody opens the conversation again
    "upkeep_due", "upkeep_not_queued", # found again by the next scan
}
CALL = re.compile(r"""metric\(\s*"(?P<name>\w+)"\s*,[^;]*?&\[(?P<dimensions>[^;]*?)\]\s*\)""")


def counted():
    """The metrics in the source: function (`None` for what any may count) and name, with the names of their dimensions."""
    found = {}
    for path in [*(ROOT / "functions").glob("*/src/**/*.rs"), *(ROOT / "shared").glob("*/src/**/*.rs")]:
        part, crate = path.relative_to(ROOT).parts[:2]
        code = path.read_text(encoding="utf-8").partition("#[cfg(test)]")[0]
        for call in CALL.finditer(code):
            dimensions = frozenset(re.findall(r"""\(\s*"(\w+)"\s*,""", call["dimensions"]))
            found.setdefault((crate if part == "functions" else None, call["name"]), set()).add(dimensions)
        for name in PLAIN.findall(code):
            found.setdefault((None, name), set()).add(frozenset())
    return found


def alarms():
    return of_type(read("infra/alarms.yaml"), "AWS::CloudWatch::Alarm")


def metrics(alarm):
    """Namespace, name and dimensions of everything that an alarm looks at."""
    properties = alarm["Properties"]
    parts = [part["MetricStat"]["Metric"] for part in properties.get("Metrics", []) if "MetricStat" in part]
    for metric in parts or [properties]:
        dimensions = {dimension["Name"]: text(dimension["Value"]) for dimension in metric.get("Dimensions", [])}
        yield text(metric["Namespace"]), metric["MetricName"], dimensions


def text(value):
    return value["Fn::Sub"] if isinstance(value, dict) and "Fn::Sub" in value else value


def dashboard_metrics():
    """As `metrics`, from the dashboard, where "..." repeats what stood before and "." one element of it."""
    body = read("infra/dashboard.yaml")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for widget in json.loads(body)["widgets"]:
        before = []
        for line in widget["properties"]["metrics"]:
            words = [word for word in line if isinstance(word, str)]
            if words[0] == "...":
                words = before[: len(before) - len(words) + 1] + words[1:]
            words = [old if word == "." else word for word, old in zip(words, before + words[len(before) :])]
            before = words
            yield words[0], words[1], dict(zip(words[2::2], words[3::2]))


class Alarms(unittest.TestCase):
    def test_an_alarm_links_to_a_section_of_the_runbook_that_names_a_command(self):
        sections = runbook()
        for name, alarm in alarms().items():
            with self.subTest(name):
                path, _, anchor = alarm["Properties"]["AlarmDescription"].split()[-1].partition("#")
                self.assertEqual(path, RUNBOOK)
                self.assertIn("```sh", sections[anchor])

    def test_the_runbook_has_no_section_that_nothing_leads_to(self):
        anchors = {alarm["Properties"]["AlarmDescription"].rpartition("#")[2] for alarm in alarms().values()}
        general = {"commands", "follow-a-message", "budget", "undo-a-deployment", "restore-a-table"}
        self.assertEqual(set(runbook()) - general, anchors)

    def test_an_alarm_is_heard_and_says_when_it_is_over(self):
        for name, alarm in alarms().items():
            with self.subTest(name):
                self.assertEqual(alarm["Properties"]["AlarmActions"], [{"Ref": "Topic"}])
                self.assertEqual(alarm["Properties"]["OKActions"], [{"Ref": "Topic"}])

    def test_what_alarms_and_dashboard_show_is_counted_in_the_code(self):
        known = counted()
        shown = [seen for alarm in alarms().values() for seen in metrics(alarm)] + list(dashboard_metrics())
        ours = [(name, dimensions) for namespace, name, dimensions in shown if namespace == "Buzon"]
        self.assertTrue(ours)
        for name, dimensions in ours:
            function = dimensions.pop("function").removeprefix("${Watched}-")
            with self.subTest(function, metric=name):
                self.assertIn(frozenset(dimensions), known.get((function, name), set()) | known.get((None, name), set()))

    def test_whatever_is_counted_is_watched_or_shown_or_known_to_be_looked_up(self):
        everything = [seen for alarm in alarms().values() for seen in metrics(alarm)] + list(dashboard_metrics())
        watched = {name for namespace, name, _ in everything if namespace == "Buzon"}
        self.assertEqual({name for _, name in counted()} - watched, LOOKED_UP)

    def test_what_dimensions_say_is_said_in_the_code(self):
        code = "".join(path.read_text(encoding="utf-8") for part in ("functions", "shared") for path in (ROOT / part).rglob("*.rs"))
        for _, name, dimensions in [seen for alarm in alarms().values() for seen in metrics(alarm)] + list(dashboard_metrics()):
            for key in dimensions.keys() & {"kind", "outcome", "reason", "login", "finding"}:
                with self.subTest(name, dimension=key):
                    self.assertIn(f'"{dimensions[key]}"', code)

    def test_functions_that_alarms_and_dashboard_name_exist(self):
        names = {binary(function) for function in functions().values()}
        everything = [seen for alarm in alarms().values() for seen in metrics(alarm)] + list(dashboard_metrics())
        for _, metric, dimensions in everything:
            for key in {"function", "FunctionName"} & set(dimensions):
                with self.subTest(metric):
                    self.assertIn(dimensions[key].removeprefix("${Watched}-"), names)

    def share(self, name, **data):
        """Whether an alarm on a share is above its threshold. A metric that is not given has no data."""
        properties = alarms()[name]["Properties"]
        [expression] = [part["Expression"] for part in properties["Metrics"] if "Expression" in part]
        known = {"IF": lambda test, then, other: then if test else other, "SUM": sum, "METRICS": data.values}
        return eval(expression, {"__builtins__": {}}, {**known, **data}) >= properties["Threshold"]

    def test_a_stranger_among_good_deliveries_rings_nothing_and_a_wrong_secret_does(self):
        self.assertFalse(self.share("WrongSignatures", wrong=4))
        self.assertFalse(self.share("WrongSignatures", wrong=100, accepted_instagram=900))
        self.assertTrue(self.share("WrongSignatures", wrong=40))
        self.assertTrue(self.share("WrongSignatures", wrong=50, accepted_facebook=50))
        self.assertFalse(self.share("WebhookRefusals", refused=19))
        self.assertFalse(self.share("WebhookRefusals", refused=400, accepted_instagram=900))
        self.assertTrue(self.share("WebhookRefusals", refused=400))

    def test_metrics_from_the_access_log_are_made_there(self):
        filters = of_type(read("infra/alarms.yaml"), "AWS::Logs::MetricFilter").values()
        made = {part["MetricName"] for one in filters for part in one["Properties"]["MetricTransformations"]}
        seen = {name for alarm in alarms().values() for space, name, _ in metrics(alarm) if space == "Buzon/${Watched}"}
        self.assertEqual(seen, made)


def runbook():
    """The sections of the runbook by their anchors."""
    parts = re.split(r"^## (.+)$", (ROOT / RUNBOOK).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title.strip().lower().replace(" ", "-"): body for title, body in zip(parts[1::2], parts[2::2])}


if __name__ == "__main__":
    unittest.main()
