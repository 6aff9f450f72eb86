"""Reads all that a devpi-like server answers about its users, indexes, projects, versions, pages and files, and compares two such readings.

Everything is asked for as clients ask. What may differ stands in one table, ALLOWED, each row with its reason; any other difference is one.
"""
import collections
import hashlib
import html.parser
import json
import re
import urllib.parse

import harness
from harness import packages

JSON = "application/json"
PIP = {"User-Agent": "pip/26.3 {}", "Accept": harness.PIP_ACCEPT}
BROWSER = {"User-Agent": "Mozilla/5.0", "Accept": "text/html"}


class Links(html.parser.HTMLParser):
    """The links of a simple page: [(text, {attribute: value})]."""

    def __init__(self, text):
        super().__init__()
        self.links, self.attributes = [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.attributes, self.text = dict(attrs), ""

    def handle_data(self, data):
        if self.attributes is not None:
            self.text += data

    def handle_endtag(self, tag):
        if tag == "a" and self.attributes is not None:
            self.links.append((self.text, self.attributes))
            self.attributes = None


class Crawl:
    """What one server says: {(kind, path): value}. Links are followed as they are given, addresses of the server itself taken out. The files
    that another reading (`also`) found are asked for as well: an address that was given out once stays."""

    def __init__(self, api, also=None, mirrored_projects=3):
        self.api, self.documents, self.files = api, {}, {}
        self.mirrored_projects = mirrored_projects
        users = self.read("user", "/")["result"]
        self.indexes = sorted("%s/%s" % (user, index) for user, value in users.items() for index in value.get("indexes", {}))
        self.types = {i: users[i.split("/")[0]]["indexes"][i.split("/")[1]]["type"] for i in self.indexes}
        for user in sorted(users):
            self.read("user", "/" + user)
        own = {index: self.read("index", "/" + index)["result"]["projects"] for index in self.indexes}
        hosted = sorted({p for index, names in own.items() if self.types[index] != "mirror" for p in names})
        mirrored = sorted({p for index, names in own.items() if self.types[index] == "mirror" for p in names} - set(hosted))
        self.counts = {"indexes": len(self.indexes), "hosted projects": len(hosted), "mirrored projects": len(mirrored)}
        # Of a mirror's projects all as the mirror has them, and some through each index that inherits them.
        for index in self.indexes:
            self.index(index)
            some = mirrored if self.types[index] == "mirror" else mirrored[:self.mirrored_projects]
            for project in [*hosted, *some, "no-such-project"]:
                self.project(index, project)
        for path in sorted({**self.files, **(also.files if also else {})}):
            self.file(path)

    # ---- reading ----

    def read(self, kind, path, headers=None, statuses=None):
        """A JSON document, or its status and message."""
        answer = self.api.ask("GET", path, headers={"Accept": JSON, **(headers or {})}, statuses=None)
        self.documents[kind, path] = self.value(answer)
        return self.documents[kind, path]

    def value(self, answer):
        if answer.status != 200:
            message = answer.json().get("message") if answer.headers.get("Content-Type", "").startswith(JSON) else None
            return {"status": answer.status, "message": message, "location": self.relative(answer["Location"])}
        if "json" not in answer.headers.get("Content-Type", ""):
            return {"status": 200, "type": answer.headers.get("Content-Type")}
        return json.loads(answer.body, object_hook=self.without_server)

    def without_server(self, value):
        return {key: self.relative(item) for key, item in value.items()}

    def relative(self, text):
        return text.replace(self.api.url, "http://server") if isinstance(text, str) else text

    def index(self, index):
        self.read("index config", "/%s?no_projects" % index)
        self.read("api", "/%s/+api" % index)
        path = "/%s/+simple/" % index
        answer = self.api.ask("GET", path, headers={"Accept": harness.JSON_TYPE}, statuses=None)
        listed = self.documents["project list", path] = self.value(answer)
        listed["projects"] = sorted(packages.normalize(p["name"]) for p in listed["projects"])
        answer = self.api.ask("GET", path, headers={**PIP, "Accept": "text/html"}, statuses=None)
        self.documents["project list html", path] = sorted(a["href"] for _, a in Links(answer.text).links)

    def project(self, index, project):
        for kind, path in (("project", "/%s/%s"), ("project own", "/%s/%s?ignore_bases")):
            found = self.read(kind, path % (index, project))
            for version, data in (found.get("result") or {}).items():
                for one in (data, *data.get("+shadowing", ())):
                    one["+links"] = self.links(one.get("+links", []))
                if kind == "project" and self.types[index] != "mirror":
                    self.version(index, project, version)
        self.simple(index, project)

    def version(self, index, project, version):
        found = self.read("version", "/%s/%s/%s" % (index, project, version))
        for one in (found.get("result", {}), *found.get("result", {}).get("+shadowing", ())):
            one["+links"] = self.links(one.get("+links", []))
            if any(link["rel"] == "doczip" for link in one["+links"].values()):
                for page in ("index.html", "sub/page.html"):
                    self.file("/%s/%s/%s/+doc/%s" % (index, project, version, page), kind="doc page", json_too=False)

    def links(self, links):
        """By what they are and their names, because their order is nobody's promise."""
        out = {}
        for link in links:
            path = urllib.parse.urlsplit(link["href"]).path
            self.files.setdefault(path, link["rel"])
            name = "%s %s" % (link["rel"], path.rsplit("/", 1)[1])
            assert name not in out, (name, links)
            out[name] = link
        return out

    def simple(self, index, project):
        path = "/%s/+simple/%s/" % (index, project)
        answer = self.api.ask("GET", path, headers=PIP, statuses=None)
        page = self.value(answer)
        for file in page.get("files", []):
            file["url"] = urllib.parse.urljoin("http://server" + path, file["url"])
            self.files.setdefault(urllib.parse.urlsplit(file["url"]).path, "simple")
        page["files"] = {f["filename"]: f for f in page.get("files", [])}
        page["order"] = [f for f in page["files"]]
        self.documents["simple json", path] = page
        for kind, headers in (("simple html", {**PIP, "Accept": "text/html"}), ("simple browser", BROWSER)):
            answer = self.api.ask("GET", path, headers=headers, statuses=None)
            files = [(text, {**a, "href": urllib.parse.urljoin("http://server" + path, a["href"])}) for text, a in Links(answer.text).links
                     if re.search(r"\+[ef]/", a.get("href", ""))]
            self.documents[kind, path] = {"status": answer.status, "files": dict(files), "order": [text for text, _ in files]}
        without_slash = self.api.ask("GET", path[:-1], headers=BROWSER, statuses=None)
        to = urllib.parse.urljoin("http://server" + path[:-1], self.relative(without_slash["Location"]))
        self.documents["simple redirect", path[:-1]] = {"status": without_slash.status, "to": to}

    def file(self, path, kind="file", json_too=True):
        answer = self.api.ask("GET", path, headers={"Accept": "*/*"}, statuses=None)
        self.documents[kind, path] = {"status": answer.status, "sha256": answer.sha256(), "size": len(answer.body), "type": answer["Content-Type"],
                                      "modified": answer["Last-Modified"]} if answer.status == 200 else {"status": answer.status}
        if json_too:
            self.read("file meta", path)
        if json_too and path.endswith(".whl"):
            metadata = self.api.ask("GET", path + ".metadata", headers={"Accept": "*/*"}, statuses=None)
            self.documents["core metadata", path + ".metadata"] = {
                "status": metadata.status, "sha256": hashlib.sha256(metadata.body).hexdigest() if metadata.status == 200 else None}


# ---- comparing ----

# kind, at, path: regular expressions on the document's kind, the keys that lead to the value ("files > six.whl > size") and its address.
# holds: what must be true of the two values.
Row = collections.namedtuple("Row", "kind at reason holds path", defaults=(lambda before, after: True, ".*"))

ABSENT = "(absent)"


def is_new(before, _):
    return before == ABSENT


def is_upstream_path(before, after):
    """Of the same file, with the same hash behind it."""
    before, after = re.split("#", before + "#"), re.split("#", after + "#")
    return (re.search(r"/\+[ef]/", before[0]) and "/+f/packages/" in after[0] and before[1] == after[1]
            and before[0].rsplit("/", 1)[1] == after[0].rsplit("/", 1)[1])


FIRST_TYPE = Row("file", "type", "while devpi fetches a file it hands on the upstream's type, later that of the file's name",
                 lambda before, after: (before, after) == ("application/octet-stream", "application/x-tar"), "/(root/pypi|carol.x/second)/.*")

# What a devpi that was moved by devpi's own export and import has different, too.
OF_DEVPI = [
    Row("simple .*", "order", "devpi lists versions in the order of a set of Python, another one after each start"),
    Row("doc page", "modified", "of devpi's unpacked documentation: when it was unpacked"),
    FIRST_TYPE,
    Row("file|file meta", "modified|result > last_modified", "of a mirror's file Bodega knows when it was uploaded, and only where the upstream's page tells it",
        path="/(root/pypi|carol.x/second)/.*"),
]

# What Bodega answers otherwise than the devpi-server it takes the place of.
OF_BODEGA = [
    Row("simple .*", "order", "files come in the order of their upload; devpi's order is that of a set, and for browsers by version"),
    Row("simple json|project list", "meta > api-version", "1.4 of the simple API; readers of 1.0 skip what they do not know"),
    Row("simple json|project list", "meta > _last-serial|versions|project-status", "keys of later versions of the simple API", is_new),
    Row("simple json", "files > .* > (size|upload-time|provenance)", "keys of later versions of the simple API", is_new),
    Row("simple json", "files > .* > yanked", "told for every file", lambda before, after: before == ABSENT and after is False),
    Row("simple json", "files > .* > core-metadata", "with the digest", lambda before, after: before is True and list(after) == ["sha256"]),
    Row("simple (html|browser)", "files > .* > data-(core|dist-info)-metadata", "with the digest",
        lambda before, after: before == "true" and after.startswith("sha256=")),
    Row("simple .*|project.*|version", ".*(files|\\+links) > .* > (url|href)", "files of a mirror have the upstream's path; devpi's address is answered as well", is_upstream_path),
    FIRST_TYPE,
    Row("file|file meta|core metadata", "", "the upstream's path of a file", is_new, r".*/\+f/packages/.*"),
    Row("simple .*", "files > .* > (data-)?requires-python", "read out of the wheel, where the upload's form had left it out",
        lambda before, after: before == "" and after),
    Row("doc page", "modified", "when the documentation was uploaded; devpi tells when it was unpacked"),
    Row("simple redirect", "status", "a place for good: 301", lambda before, after: (before, after) == (302, 301)),
    Row("simple json", "files > .* > core-metadata", "offered where the upstream offers it, unless the mirror was told not to",
        lambda before, after: before == ABSENT and list(after) == ["sha256"]),
    Row("simple (html|browser)", "files > .* > data-(core|dist-info)-metadata", "offered where the upstream offers it, unless the mirror was told not to",
        lambda before, after: before == ABSENT and after.startswith("sha256=")),
]


def differences(before, after, at=()):
    """[(path of keys, value before, value after)]"""
    if isinstance(before, dict) and isinstance(after, dict):
        out = []
        for key in [*before, *(k for k in after if k not in before)]:
            out += differences(before.get(key, ABSENT), after.get(key, ABSENT), (*at, str(key)))
        return out
    same = before == after and type(before) is type(after)
    return [] if same else [(at, before, after)]


class Comparison:
    def __init__(self, before, after, rows):
        self.rows, self.used, self.found = rows, collections.Counter(), []
        both = set(before.documents) | set(after.documents)
        self.documents = len(both)
        for kind, path in sorted(both):
            for at, left, right in differences(before.documents.get((kind, path), ABSENT), after.documents.get((kind, path), ABSENT)):
                self.judge(kind, path, " > ".join(at), left, right)

    def judge(self, kind, path, at, left, right):
        for number, row in enumerate(self.rows):
            if re.fullmatch(row.kind, kind) and re.fullmatch(row.at, at) and re.fullmatch(row.path, path) and row.holds(left, right):
                self.used[number] += 1
                return
        self.found.append((kind, path, at, left, right))

    def report(self, limit=40):
        lines = ["%d documents; %d differences that no row allows" % (self.documents, len(self.found))]
        shapes = collections.defaultdict(list)
        for one in self.found:
            shapes[one[0], re.sub(r"\S*\d\S*", "#", one[2])].append(one)
        for (kind, _), ones in sorted(shapes.items(), key=lambda item: -len(item[1]))[:limit]:
            _, path, at, left, right = ones[0]
            lines.append("%4d x %s, e.g. %s\n       at %s\n       before %.300r\n       after  %.300r" % (len(ones), kind, path, at or "(all)", left, right))
        for number, row in enumerate(self.rows):
            lines.append("allowed %5d x %s at %s: %s" % (self.used[number], row.kind, row.at, row.reason))
        return "\n".join(lines)
