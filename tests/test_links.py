"""Every link in the documentation leads somewhere, and every page can be found."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "model/trained/*.md", ".github/**/*.md")
    for page in ROOT.glob(pattern)
)
CODE = re.compile(
    r"^(`{3,}|~{3,}).*?^\1[^\n]*$|(`+)(?!`).*?(?<!`)\2(?!`)", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"""\]\(<?([^)\s>]+)|(?:src|href)="([^"]+)"|^\[[^\]]+\]:\s+(\S+)""", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
NAV = re.compile(r"^ +- .+: (\S+\.md)$", re.MULTILINE)


def without_fences(text: str) -> str:
    return re.sub(r"^(`{3,}|~{3,}).*?^\1[^\n]*$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names that a code host gives a page's headings."""
    seen = Counter[str]()
    found = set(re.findall(r'(?:id|name)="([^"]+)"', page.read_text(encoding="utf-8")))
    for heading in HEADING.findall(without_fences(page.read_text(encoding="utf-8"))):
        shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead to no file or no heading."""
    found = []
    for groups in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        link = next(filter(None, groups))
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        target = page.parent / path if path else page
        if not target.exists() or (
            anchor and (target.suffix != ".md" or anchor not in anchors(target))
        ):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    assert broken(ROOT / page) == []


def test_the_pages_that_are_read_first_are_checked() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"} < set(PAGES)
    assert sum(page.startswith("docs/") for page in PAGES) > 5


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text(
        "# What's *new*, `here`?\n## Twice\n## Twice\n```sh\n# no heading\n```\n", encoding="utf-8"
    )
    page.write_text(
        "[a](other.md) [b](other.md#whats-new-here) [c](other.md#twice-1) [d](https://example.org/x)\n"
        "[e](gone.md) [f](other.md#twice-2) [g](other.md#no-heading) [h](#nowhere)\n"
        '`[i](code.md)` <img src="gone.png"> ![k](gone.svg "title")\n'
        "```md\n[l](fenced.md)\n```\n[m]: gone.txt\n[n](../gone#x)\n",
        encoding="utf-8",
    )
    assert broken(page) == [
        "gone.md",
        "other.md#twice-2",
        "other.md#no-heading",
        "#nowhere",
        "gone.png",
        "gone.svg",
        "gone.txt",
        "../gone#x",
    ]


def test_every_page_of_the_docs_is_in_the_sites_navigation() -> None:
    listed = NAV.findall((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    assert len(listed) == len(set(listed))
    assert pages <= set(listed), "add them to nav in mkdocs.yml"
