# SPDX-License-Identifier: GPL-2.0-or-later
"""A page of headings, text, tables and pictures, written as Markdown and as HTML."""

from __future__ import annotations

import html

STYLE = """body { font-family: sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0; display: block; overflow-x: auto }
th, td { padding: 0.25em 0.7em; border-bottom: 1px solid #ccc; text-align: right }
th:first-child, td:first-child { text-align: left }
th { border-bottom: 2px solid #888 }
p { line-height: 1.4 }
p.small { color: #555; font-size: 90% }
pre { background: #f4f4f4; padding: 0.7em; overflow-x: auto }
img { max-width: 100% }"""


class Page:
    def __init__(self, title):
        self.title, self.blocks = title, []

    def heading(self, text):
        self.blocks.append(("heading", text))

    def text(self, text):
        self.blocks.append(("text", text))

    def small(self, text):
        self.blocks.append(("small", text))

    def code(self, text):
        self.blocks.append(("code", text))

    def table(self, names, rows):
        self.blocks.append(("table", names, rows))

    def picture(self, file, text):
        self.blocks.append(("picture", file, text))

    def markdown(self):
        return f"# {_plain(self.title)}\n\n" + "\n".join(_markdown(*one) for one in self.blocks)

    def html(self):
        title = html.escape(self.title)
        return ("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                f"<title>{title}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n"
                f"<h1>{title}</h1>\n" + "\n".join(_html(*one) for one in self.blocks)
                + "\n</body>\n</html>\n")


def _plain(text):
    """Text that Markdown takes as it is."""
    for letter in "\\`*_|<>":
        text = text.replace(letter, "\\" + letter)
    return " ".join(text.split())


def _markdown(kind, *what):
    if kind == "heading":
        return f"## {_plain(what[0])}\n"
    if kind in ("text", "small"):
        return f"{_plain(what[0])}\n"
    if kind == "code":
        return "".join(f"    {line}\n" for line in what[0].splitlines())
    if kind == "picture":
        return f"![{_plain(what[1])}]({what[0]})\n"
    names, rows = what
    lines = [names, ["---", *("--:" for _ in names[1:])], *rows]
    return "".join("| " + " | ".join(word if line is lines[1] else _plain(word)
                                     for word in line) + " |\n" for line in lines)


def _html(kind, *what):
    if kind == "heading":
        return f"<h2>{html.escape(what[0])}</h2>"
    if kind == "text":
        return f"<p>{html.escape(what[0])}</p>"
    if kind == "small":
        return f"<p class=\"small\">{html.escape(what[0])}</p>"
    if kind == "code":
        return f"<pre>{html.escape(what[0])}</pre>"
    if kind == "picture":
        return f"<p><img src=\"{html.escape(what[0])}\" alt=\"{html.escape(what[1])}\"></p>"
    names, rows = what
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(word)}</td>" for word in row) + "</tr>"
                     for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
