"""MkDocs hook: the pages beside docs/site join the site, and links between the two lead there as they do in the repository."""

import os
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

DOCS = Path(__file__).resolve().parent.parent
ROOT_PAGES = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
COMMANDS = DOCS.parent / "build/pages/command-line.md"  # the section of README.md
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s:]+)\)")


def on_files(files, config):
    have = {f.src_path for f in files}

    def add(name, folder):
        if name not in have:
            files.append(File(name, str(folder), config["site_dir"], config["use_directory_urls"]))

    for path in sorted(DOCS.rglob("*")):
        name = path.relative_to(DOCS).as_posix()
        if path.suffix in (".md", ".svg") and not name.startswith(("site/", "mkdocs/")):
            add(name, DOCS)
    for name in ROOT_PAGES:
        add(name, DOCS.parent)
    readme = (DOCS.parent / "README.md").read_text()
    COMMANDS.parent.mkdir(parents=True, exist_ok=True)
    COMMANDS.write_text(re.search(r"(?ms)^#(# Command line\n.*?)(?=^## )", readme).group(1).replace("\n###", "\n##"))
    add(COMMANDS.name, COMMANDS.parent)
    return files


def on_page_markdown(markdown, page, config, files):
    have = {f.src_path for f in files}
    at = page.file.src_path
    folder = ".." if at == COMMANDS.name else os.path.relpath(Path(page.file.abs_src_path).parent, DOCS)

    def link(match):
        image, text, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path:
            return match.group()
        goal = posixpath.normpath(posixpath.join(folder, path))  # from docs/
        goal = re.sub("^([.][.]/)?(docs/)?(site/)?", "", goal)
        if goal == "README.md":
            goal, anchor = {"command-line": COMMANDS.name, "platforms": "platforms.md"}.get(anchor, "index.md"), ""
        if goal not in have:
            return text  # a file of the repository alone
        to = posixpath.relpath(goal, posixpath.dirname(at) or ".")
        return f"{image}[{text}]({to}{'#' + anchor if anchor else ''})"

    parts = re.split(r"(?ms)(^```.*?^```)", markdown)
    whole = "".join(p if p.startswith("```") else LINK.sub(link, p) for p in parts)
    return whole.replace("`api/index.html`", '<a href="api/index.html">api/index.html</a>')
