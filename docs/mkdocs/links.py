#!/usr/bin/python3
"""Checks a built site: every link and every anchor leads somewhere, and no page asks another host for anything."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SITE = Path(sys.argv[1]).resolve()


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.ids |= {named.get("id"), named.get("name")}
        for key in ("href", "src"):
            if named.get(key):
                # What a link element other than these names is not loaded.
                loads = key == "src" or (tag == "link" and named.get("rel") in ("stylesheet", "icon", "preload"))
                (self.loads if loads else self.links).append(named[key])


pages = {p: Page(p) for p in SITE.rglob("*.html") if SITE / "api" not in p.parents}
wrong, checked = [], 0
for path, page in pages.items():
    for target in page.links + page.loads:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            if target in page.loads:
                wrong.append(f"{path.relative_to(SITE)}: loads {target}")
            continue
        checked += 1
        base = SITE if parts.path.startswith("/") else path.parent
        goal = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
        goal = goal / "index.html" if goal.is_dir() else goal
        there = goal.exists()
        if not there or (parts.fragment and goal in pages and unquote(parts.fragment) not in pages[goal].ids):
            wrong.append(f"{path.relative_to(SITE)}: {target}")
print(f"{len(pages)} pages, {checked} links")
if wrong or checked < 1000:
    sys.exit("\n".join(sorted(set(wrong))) or "too few links")
