"""MkDocs hook: the pages beside docs/site join the site, and links between the two lead there as they do in the repository."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

DOCS = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s:]+)\)")


def on_files(files, config):
    have = {f.src_path for f in files}
    for path in sorted(DOCS.rglob("*")):
        name = path.relative_to(DOCS).as_posix()
        if path.suffix in (".md", ".svg") and not name.startswith(("site/", "mkdocs/")) and name not in have:
            files.append(File(name, str(DOCS), config["site_dir"], config["use_directory_urls"]))
    return files


def on_page_markdown(markdown, page, config, files):
    have = {f.src_path for f in files}
    at = page.file.src_path
    folder = Path(page.file.abs_src_path).parent.relative_to(DOCS).as_posix()

    def link(match):
        image, text, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path:
            return match.group()
        goal = posixpath.normpath(posixpath.join(folder, path))  # from docs/
        goal = goal[5:] if goal.startswith("site/") else goal
        if goal not in have:
            return match.group() if goal.startswith("api/") else text  # a file of the repository alone
        to = posixpath.relpath(goal, posixpath.dirname(at) or ".")
        return f"{image}[{text}]({to}{'#' + anchor if anchor else ''})"

    parts = re.split(r"(?ms)(^```.*?^```)", markdown)
    return "".join(p if p.startswith("```") else LINK.sub(link, p) for p in parts)
