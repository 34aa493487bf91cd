"""What a check finds, and how it is told."""

import dataclasses
import sys
import textwrap

GUIDES = "infra/guides"
WIDTH = 14  # of the column with the areas


@dataclasses.dataclass(frozen=True)
class Finding:
    """`is_wrong` is `None` for what is only told: it cannot be checked from here, or it is a choice."""

    is_wrong: bool | None
    text: str
    mend: str = ""

    def lines(self, area):
        mark = {False: "✓", True: "✗", None: "–"}[self.is_wrong]
        yield f"{mark} {area:{WIDTH}}{self.text}"
        if self.mend:
            yield from textwrap.wrap(
                f"→ {self.mend}", 110, initial_indent=" " * (WIDTH + 2), subsequent_indent=" " * (WIDTH + 4),
                break_long_words=False, break_on_hyphens=False,
            )


def good(text):
    return Finding(False, text)


def wrong(text, mend):
    return Finding(True, text, mend)


def note(text, mend=""):
    return Finding(None, text, mend)


def tell(area, finding):
    print(*finding.lines(area), sep="\n", flush=True)


def use_utf8():
    """Marks are told on terminals, too, that say nothing of their encoding."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
