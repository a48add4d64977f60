"""Add files from outside docs/ to the documentation site, and rewrite links to them.

In the repository, every link is relative to its own file, so that it works wherever the files are
read. The site has only docs/ and the files in ``PUBLISHED``.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent
PUBLISHED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "bench/gateway.json": "gateway.json",
    "bench/worst_text.json": "worst_text.json",
    "config.example.toml": "config.example.toml",
    "deploy/bellwether.service": "bellwether.service",
    "model/trained/MODEL_CARD.md": "model-card.md",
}
log = logging.getLogger("mkdocs.hooks")

LINK = re.compile(r'(?P<before>\]\(|(?:src|href)=")(?P<path>[^\s)"#:]+)(?=[\s)"#])')
SHALLOW = re.compile(r"^ {1,3}(?:```|~~~|[-*+] |\d+\. )", re.MULTILINE)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the published files to those of docs/."""
    for path, uri in PUBLISHED.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the page with its links relative to its position on the site."""
    del config, files
    if found := SHALLOW.search(markdown):
        # Code hosts accept fewer spaces, but the site would show it as running text.
        log.warning("%s: inside a list, indent by four spaces: %r", page.file.src_uri, found[0])
    uri = page.file.src_uri
    path = next((path for path, target in PUBLISHED.items() if target == uri), f"docs/{uri}")

    def on_the_site(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link["path"]))
        # A path that is neither published nor in docs/ is not changed, and fails the build.
        target = PUBLISHED.get(target, target.removeprefix("docs/"))
        return link["before"] + posixpath.relpath(target, posixpath.dirname(uri) or ".")

    return LINK.sub(on_the_site, markdown)
