"""What people complained of in the demo's page, as questions that a page can be asked."""

from __future__ import annotations

import re
from typing import Any, Final

from playwright.async_api import Page

MENTION: Final = re.compile(r"<(?:@[!&]?|#)\d+>")
ID: Final = re.compile(r"(?<!\d)\d{17,20}(?!\d)")
FUTURE: Final = re.compile(r"^in \d+ \w+$")

EQUAL: Final = re.compile(r"(?<![\d.])(\d\.\d+)\s*[<>]\s*\1(?!\d)")
DIALECT: Final = (
    "Set it so",
    "It is so already",
    "From that score on",
    "From which score",
    "Whom and where",
    "is no threshold",
    "right call, says",
    "false positive, says",
)
"""What read like a translation; the tables of words have all that is said, this finds it shown."""

LOOK: Final = """() => {
  const shown = [...document.querySelectorAll("#channel-message-list article")];
  const cut = (element) => element.scrollWidth > element.clientWidth + 1;
  return {
    texts: shown.map((message) => {
      const copy = message.cloneNode(true);
      copy.querySelectorAll(".embed-footer, footer").forEach((footer) => footer.remove());
      return copy.textContent;
    }),
    times: shown.flatMap((message) =>
      [...message.querySelectorAll(".discord-timestamp")].map((time) => time.textContent)),
    cut: shown.flatMap((message) =>
      [...message.querySelectorAll("pre, .embed, .message-content, .message-components")]
        .filter(cut).map((element) => element.textContent)),
    wide: document.documentElement.scrollWidth - innerWidth,
    uncertain: Boolean(window.simcordPreview.transport.uncertainRequestId),
  };
}"""


async def complaints(page: Page) -> list[str]:
    """What a visitor would complain of in the page as it is now."""
    seen: dict[str, Any] = await page.evaluate(LOOK)
    found = [f"a raw mention: {m[0]}" for text in seen["texts"] for m in MENTION.finditer(text)]
    found += [f"an id in the text: {m[0]}" for text in seen["texts"] for m in ID.finditer(text)]
    found += [f"equal, it says, and not: {m[0]}" for t in seen["texts"] for m in EQUAL.finditer(t)]
    found += [f"not plain: {words}" for words in DIALECT if any(words in t for t in seen["texts"])]
    found += [f"what has happened is to come: {t}" for t in seen["times"] if FUTURE.match(t)]
    found += [f"cut off: {text[:80]!r}" for text in seen["cut"]]
    if seen["wide"] > 0:
        found.append(f"the page is {seen['wide']} pixels wider than its window")
    if seen["uncertain"]:
        found.append("what was done has an unknown outcome")
    return found
