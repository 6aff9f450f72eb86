"""Conversations with a devpi server as tables, and how an answer of ours is held against them.

A table (wire/*.txt) is one conversation with one fresh server. Its lines:

    # text                      a comment
    ## title                    a part; failures name it
    let NAME text               $NAME stands for the text from here on
    user NAME PASSWORD          what as= and basic= send for the user from here on
    upstream KEY=VALUE ...      knobs of the stand-in upstream (Upstream below)
    keep NAME REGEX             <kept:NAME> is what the group in it finds in the answer before
    * METHOD PATH ...           a step in between that the table says nothing of; it must succeed
    METHOD PATH [option ...] [<< body]
    = STATUS ["reason"] BODY    what devpi answers
    + Name: value               header lines of that answer, besides those that every answer and every BODY has
    ! row | STATUS ["reason"] BODY
                                what Bodega answers instead, on purpose; `row` is a piece of the first column of the table of differences in
                                docs/protocols/devpi.md. Header lines after it belong to it

Options: accept=json (the default), html, any, none, simple, pip, browser or a media type; as=USER (X-Devpi-Auth with a login token),
basic=USER (Basic with the password), basic-token=USER; all three take USER:SECRET; agent=text; Name="value" for any header.
A body is JSON, `form name=value ...` (multipart; content=@FILE), `text ...` or `xml ...`.

BODY is one of
    {...} or [...]              an API object: these keys in this order, indented by two, one newline at the end
    type NAME                   an API object of that type, whatever else is in it
    framework "detail"          what lies below devpi's views says: JSON on one line, a page, or text, by Accept
    abort "message"             a view ended: {"message": ...} for who names JSON, else a page
    sentence                    the reason phrase is the message
    says "piece"                an error of a page or file, in any form: part of its reason phrase and of its body
    redirect                    see its Location
    empty
    broken                      the connection ends before the answer does
    page {...}                  a project page as JSON; files with the keys told, in order
    links [...]                 a project page as HTML: [href, text, {data-* attributes}] in order
    names [...]                 a project list, JSON or HTML, in order
    bytes FILE                  a file
    text "..."                  exactly that
    html                        a page for people
    web                         a page of devpi-web; Bodega's own are told behind "!"

In bodies, targets and headers <base> is the server, <upstream> the stand-in, <file:F> the path of a file below its index, <sha:F> its SHA-256;
in expected text also <time>, <token>, <date>, <stamp> and, as a whole value, "<when>" and "<any>".
"""
import html
import json
import pathlib
import re
import shlex
import urllib.parse

import harness
from crawl import Links
from wire_world import FILES

HERE = pathlib.Path(__file__).resolve().parent
DIFFERENCES = harness.ROOT / "docs/protocols/devpi.md"
ACCEPT = {"json": "application/json", "html": "text/html", "any": "*/*", "none": None, "simple": harness.JSON_TYPE, "pip": harness.PIP_ACCEPT,
          "browser": "text/html,application/xhtml+xml,*/*;q=0.8"}
REASONS = {0: "", 200: "OK", 201: "Created", 206: "Partial Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 406: "Not Acceptable", 409: "Conflict", 410: "Gone", 415: "Unsupported Media Type", 500: "Internal Server Error",
           501: "Not Implemented", 502: "Bad Gateway"}
EXPLANATIONS = {
    200: "", 403: "Access was denied to this resource.", 404: "The resource could not be found.",
    401: "This server could not verify that you are authorized to access the document you requested.  Either you supplied the wrong credentials "
         "(e.g., bad password), or your browser does not understand how to supply the credentials required."}
# On every answer of ours; devpi sends the X-Devpi-* ones and Server.
EVERYWHERE = {"date", "connection", "content-length", "content-type", "transfer-encoding", "x-request-id"}
DEVPI = {"x-devpi-api-version", "x-devpi-server-version", "x-devpi-uuid", "x-devpi-master-uuid", "x-devpi-primary-uuid", "x-devpi-serial"}
# What Bodega adds; each is told in the table of differences.
OURS = {"x-bodega-version", "x-content-type-options", "content-security-policy", "cache-control", "vary", "etag", "accept-ranges", "x-cache",
        "last-modified", "retry-after", "referrer-policy", "x-bodega-unverified", "age", "x-pypi-last-serial", "allow"}


# ---- Tables ----

class Answer:
    def __init__(self, text, row=None):
        found = re.match(r'(\d+)(?: ("(?:[^"\\]|\\.)*"))?(?: (.*))?$', text)
        if not found:
            raise ValueError("no answer: " + text)
        self.status, self.row, self.body, self.headers = int(found.group(1)), row, found.group(3) or "empty", []
        self.reason = json.loads(found.group(2)) if found.group(2) else REASONS[self.status]


class Step:
    def __init__(self, line, section, place):
        head, _, self.body = line.partition(" << ")
        words = shlex.split(head)
        self.line, self.section, self.place = line, section, place
        self.method, self.target, self.options = words[0], words[1], dict(word.split("=", 1) for word in words[2:])
        self.answers = []

    def __str__(self):
        return "%s [%s] %s" % (self.place, self.section, self.line[:150])


def read_table(path):
    """Steps, and (kind, words) for what is done in between."""
    out, names, section = [], {}, ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for name in sorted(names, key=len, reverse=True):
            line = line.replace("$" + name, names[name])
        place = "%s:%d" % (path.name, number)
        if not line.strip() or line.startswith("# "):
            continue
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("let "):
            _, name, text = line.split(" ", 2)
            names[name] = text
        elif line.split(" ")[0] in ("user", "upstream", "keep"):
            out.append(line.split(" "))
        elif line.startswith("= "):
            out[-1].answers.append(Answer(line[2:]))
        elif line.startswith("! "):
            row, _, text = line[2:].partition(" | ")
            out[-1].answers.append(Answer(text, row))
        elif line.startswith("+ "):
            out[-1].answers[-1].headers.append(tuple(line[2:].split(": ", 1)))
        elif line.startswith("* "):
            out.append(Step(line[2:], section, place))
        else:
            out.append(Step(line, section, place))
    return out


# ---- Comparing ----

PATTERNS = {"<time>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<token>": r".{20,}", "<date>": r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT",
            "<stamp>": r"\d{14}", "<any>": r".*"}


def same_text(wanted, got):
    parts = re.split("(%s)" % "|".join(PATTERNS), wanted)
    return re.fullmatch("".join(PATTERNS.get(part) or re.escape(part) for part in parts), got, re.S) is not None


def differences(wanted, got, at="$"):
    """Where a JSON value is not what is wanted; the order of keys counts."""
    if wanted == "<any>":
        return []
    if wanted == "<when>":
        good = isinstance(got, list) and len(got) == 6 and all(isinstance(n, int) for n in got)
        return [] if good else ["%s: no date: %r" % (at, got)]
    if isinstance(wanted, str) and isinstance(got, str):
        return [] if same_text(wanted, got) else ["%s: wanted %r, got %r" % (at, wanted, got)]
    if isinstance(wanted, dict) and isinstance(got, dict):
        if list(wanted) != list(got):
            return ["%s: wanted keys %s, got %s" % (at, list(wanted), list(got))]
        return [d for key in wanted for d in differences(wanted[key], got[key], "%s.%s" % (at, key))]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [d for n, pair in enumerate(zip(wanted, got)) for d in differences(*pair, "%s[%d]" % (at, n))]
    return [] if wanted == got and type(wanted) is type(got) else ["%s: wanted %r, got %r" % (at, wanted, got)]


def links_of(page):
    """[[href, text, {data-* attributes}]] in order."""
    return [[a["href"], text, {k: v for k, v in a.items() if k.startswith("data-")}] for text, a in Links(page).links]


def framework_page(status, explanation, detail):
    title = "%d %s" % (status, REASONS[status])
    escape = html.escape
    return ("<html>\n <head>\n  <title>%s</title>\n </head>\n <body>\n  <h1>%s</h1>\n  %s<br/><br/>\n%s\n\n\n </body>\n</html>"
            % (title, title, escape(explanation), escape(detail)))


class Comparer:
    """One answer against one expectation; `problems` says what differs."""

    def __init__(self, step, wanted, got, accept):
        self.step, self.wanted, self.got, self.accept, self.problems = step, wanted, got, accept or "", []
        self.head = step.method == "HEAD"
        if got.status != wanted.status:
            self.problems.append("status %d %s, wanted %d" % (got.status, got.reason, wanted.status))
        self.body()
        self.headers()

    def note(self, what, wanted, got):
        if wanted != got:
            self.problems.append("%s: wanted %r, got %r" % (what, wanted, got))

    def body(self):
        kind, _, rest = self.wanted.body.partition(" ")
        if kind[0] in "{[":
            kind, rest = "api", self.wanted.body
        method = getattr(self, "is_" + kind)
        if kind not in ("sentence", "says"):
            self.note("reason", self.wanted.reason, self.got.reason)
        if not self.head:
            method(rest)

    def is_page_for_people(self, message):
        """An error in the dress of our pages, which people see instead of devpi's bare one: what it says counts."""
        if not (self.got["Content-Security-Policy"] or "").startswith("default-src 'none'; style-src 'self'; script-src 'self'"):
            return False
        if message not in html.unescape(self.got.text):
            self.problems.append("the page does not say %r" % message)
        return True

    def type(self, wanted):
        self.note("Content-Type", wanted.lower(), (self.got["Content-Type"] or "").lower())

    def is_api(self, rest):
        self.type("application/json")
        try:
            got = json.loads(self.got.body)
        except ValueError:
            self.problems.append("no JSON: %r" % self.got.body[:200])
            return
        self.problems += differences(json.loads(rest), got)
        self.note("form", json.dumps(got, indent=2) + "\n", self.got.text)

    def is_type(self, rest):
        self.type("application/json")
        self.note("type", rest, json.loads(self.got.body).get("type"))

    def line(self, message):
        title = REASONS[self.wanted.status]
        return json.dumps({"message": message, "code": "%d %s" % (self.wanted.status, title), "title": title})

    def is_framework(self, rest):
        detail = json.loads(rest)
        explanation = EXPLANATIONS[self.wanted.status]
        if "text/html" in self.accept and self.is_page_for_people(""):
            return
        if "text/html" in self.accept:
            self.type("text/html; charset=UTF-8")
            self.note("body", framework_page(self.wanted.status, explanation, detail), self.got.text)
        elif "json" in self.accept:
            self.type("application/json")
            self.note("body", self.line("%s\n\n\n%s\n\n" % (explanation, detail)), self.got.text)
        else:
            self.type("text/plain; charset=UTF-8")
            self.note("body", "%d %s\n\n%s\n\n\n%s\n\n" % (self.wanted.status, REASONS[self.wanted.status], explanation, detail), self.got.text)

    def is_abort(self, rest):
        if "application/json" in self.accept:
            self.is_api(json.dumps({"message": json.loads(rest)}))
        elif not self.is_page_for_people(json.loads(rest)):
            self.type("text/html; charset=UTF-8")
            self.note("body", framework_page(self.wanted.status, json.loads(rest), ""), self.got.text)

    # Both in the form that Bodega gives them: the sentence in reason and body, whatever the reader reads.
    def is_sentence(self, _):
        self.note("reason", self.wanted.reason, self.got.reason)
        if "application/json" in self.accept:
            self.type("application/json")
        if self.wanted.reason not in html.unescape(self.got.text).replace('\\"', '"'):
            self.problems.append("the body does not say %r: %r" % (self.wanted.reason, self.got.body[:300]))

    def is_says(self, rest):
        part = json.loads(rest)
        for where, text in (("reason phrase", self.got.reason), ("body", html.unescape(self.got.text).replace('\\"', '"'))):
            if part not in text:
                self.problems.append("the %s does not say %r: %r" % (where, part, text[:300]))

    def is_redirect(self, _):
        pass

    def is_empty(self, _):
        self.note("body", b"", self.got.body)

    def is_page(self, rest):
        self.type(harness.JSON_TYPE)
        wanted, got = json.loads(rest), json.loads(self.got.body)
        self.note("name", wanted["name"], got["name"])
        for want in wanted["files"]:
            if want.get("requires-python") == "":  # nothing, in many words
                want["requires-python"] = None
        files = [{key: known.get(key) for key in want} for want, known in zip(wanted["files"], got["files"])]
        for want, known in zip(wanted["files"], files):
            if want.get("core-metadata") is True:  # PEP 714 allows the digests in its place
                known["core-metadata"] = bool(known["core-metadata"])
            want["url"], known["url"] = (urllib.parse.urljoin(self.step.url, url) for url in (want["url"], known["url"]))
        self.note("files", [f["filename"] for f in wanted["files"]], [f["filename"] for f in got["files"]])
        self.problems += differences(wanted["files"], files)

    def is_links(self, rest):
        def plain(link):
            href, text, data = link
            # Core metadata is devpi's switch, and may be told by digest; an empty requirement is none.
            kept = {k: v for k, v in data.items() if not k.endswith("-metadata") and v != "" or k == "data-yanked"}
            return [urllib.parse.urljoin(self.step.url, href), text, kept]
        wanted, got = json.loads(rest), links_of(self.got.text)
        self.note("links", [plain(link) for link in wanted], [plain(link) for link in got])
        for (_, text, want), (_, _, known) in zip(wanted, got):
            if "data-core-metadata" in want and not ("data-core-metadata" in known and "data-dist-info-metadata" in known):
                self.problems.append("%s has no core metadata" % text)

    def is_names(self, rest):
        if "json" in (self.got["Content-Type"] or ""):
            got = [p["name"] for p in json.loads(self.got.body)["projects"]]
        else:
            got = [href.rstrip("/") for href, _, _ in links_of(self.got.text)]
        self.note("names", json.loads(rest), got)

    def is_bytes(self, rest):
        if self.got.body != FILES[rest]:
            self.problems.append("other bytes than %s: %r" % (rest, self.got.body[:100]))

    def is_text(self, rest):
        if not same_text(json.loads(rest), self.got.text):
            self.problems.append("wanted %s, got %r" % (rest, self.got.body[:300]))

    def is_html(self, _):
        if not (self.got["Content-Type"] or "").startswith("text/html") or b"<body" not in self.got.body:
            self.problems.append("no page: %r" % self.got.body[:200])

    def headers(self):
        told = {name.lower() for name, _ in self.wanted.headers}
        for name, value in self.wanted.headers:
            got = self.got[name]
            if got is None:
                self.problems.append("no header %s" % name)
            elif name == "Cache-Control":  # the order of directives means nothing
                self.note(name, set(value.split(", ")), set(got.split(", ")))
            elif name == "Content-Type":
                self.type(value)
            elif name == "Location":
                self.note(name, *(urllib.parse.unquote(urllib.parse.urljoin(self.step.url, url)) for url in (value, got)))
            elif not same_text(value, got):
                self.note(name, value, got)
        if self.wanted.body.split(" ")[0] in ("page", "links", "names"):
            # devpi: Accept and User-Agent. The bytes of ours depend on what is said here, and by no means on more.
            by_agent = [] if "/+simple" in self.step.target else ["User-Agent"]
            self.note("Vary", {"Accept", "Accept-Encoding", *by_agent}, set((self.got["Vary"] or "").split(", ")))
        got = {name.lower() for name in self.got.headers.keys()}
        for name in sorted(got - told - EVERYWHERE - DEVPI - OURS):
            self.problems.append("unexpected header %s: %s" % (name, self.got[name]))
