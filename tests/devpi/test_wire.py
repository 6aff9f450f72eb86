#!/usr/bin/python3
"""The wire is devpi's: what a devpi-server 6.20 answered to some 380 requests, held against this server, byte by byte where clients read
bytes. The tables are in wire/, their language in wire.py. What differs on purpose names its row in docs/protocols/devpi.md."""
import base64
import json
import pathlib
import re
import shlex
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import ask, basic  # noqa: E402
import wire  # noqa: E402
import wire_world  # noqa: E402

# Steps that are known not to agree yet: (table, section or request line), each a regular expression. A step that agrees all the same
# fails the test, so that the list gets shorter.
PENDING = []


class Conversation:
    """One table against one fresh server."""

    def __init__(self, path, bodega, upstream):
        self.path, self.bodega, self.upstream = path, bodega, upstream
        self.passwords, self.tokens, self.problems, self.serial = {"root": harness.ROOT_PASSWORD}, {}, [], None
        self.kept, self.last = {}, None

    def fill(self, text):
        text = text.replace("<base>", self.bodega.url).replace("<upstream>", self.upstream.url)
        text = text.replace("<upstream-host>", self.upstream.url[7:])
        text = text.replace("<upstream-dir>", self.upstream.url.replace("://", "_").replace(":", "_") + "_files")
        text = text.replace("<root-password>", harness.ROOT_PASSWORD)

        def file(found):
            digest = wire_world.sha256(found.group(2))
            name = found.group(2).partition("#")[0]
            return digest if found.group(1) == "sha" else "+f/%s/%s/%s" % (digest[:3], digest[3:16], name)
        text = re.sub(r"<kept:(\w+)>", lambda found: self.kept[found.group(1)], text)
        return re.sub(r"<(file|sha):([^>]+)>", file, text)

    def secret(self, known):
        """USER or USER:SECRET -> (user, password)."""
        user, colon, secret = known.partition(":")
        return user, secret if colon else self.passwords[user]

    def token(self, user):
        if user not in self.tokens:
            answer = self.bodega.api("POST", "/+login", {"user": user, "password": self.passwords[user]}, user=None)
            assert answer.status == 200, (user, answer)
            self.tokens[user] = answer.json()["result"]["password"]
        return self.tokens[user]

    def request_headers(self, step):
        headers, options = {}, dict(step.options)
        accept = options.pop("accept", "json")
        accept = wire.ACCEPT.get(accept, accept)
        if accept is not None:
            headers["Accept"] = accept
        for name, value in options.items():
            value = self.fill(value)
            if name == "as":
                user, colon, secret = value.partition(":")
                headers["X-Devpi-Auth"] = base64.b64encode(("%s:%s" % (user, secret if colon else self.token(user))).encode()).decode()
            elif name == "basic":
                headers.update(basic(*self.secret(value)))
            elif name == "basic-token":
                user, _, whose = value.partition(":")
                headers.update(basic(user, self.token(whose or user)))
            elif name == "agent":
                headers["User-Agent"] = value
            else:
                headers[name] = value
        return headers

    def request_body(self, step, headers):
        kind, _, rest = step.body.partition(" ")
        if not step.body:
            return None
        if kind == "form":
            fields, filename, content = [], None, b""
            for word in shlex.split(rest):
                name, _, value = word.partition("=")
                if name == "content":
                    filename, content = value[1:].partition("#")[0], wire_world.FILES[value[1:]]
                    filename = dict(f.split("=", 1) for f in shlex.split(rest)).get("filename", filename)
                elif name != "filename":
                    fields.append((name, value))
            more, body = harness.form(fields, filename, content)
            headers.update(more)
            return body
        if kind in ("text", "xml"):
            headers.setdefault("Content-Type", "text/xml" if kind == "xml" else "application/json")
            return rest.encode()
        headers.setdefault("Content-Type", "application/json")
        return self.fill(step.body).encode()

    def ask(self, step):
        headers = self.request_headers(step)
        body = self.request_body(step, headers)
        step.url = self.bodega.url + self.fill(step.target)
        return ask(step.url, step.method, headers, body), headers.get("Accept")

    def run(self):
        for step in wire.read_table(self.path):
            if isinstance(step, list):
                self.between(step)
                continue
            try:
                got, accept = self.ask(step)
            except harness.Broken as broken:
                if not step.answers or step.answers[-1].body != "broken":
                    self.problems.append("%s\n    %s" % (step, broken))
                continue
            self.last = got
            if not step.answers:
                if not 200 <= got.status < 300:
                    self.problems.append("%s\n    a step in between failed: %r" % (step, got))
                continue
            self.judge(step, got, accept)
        return self.problems

    def between(self, words):
        if words[0] == "user":
            self.passwords[words[1]] = self.fill(" ".join(words[2:]))
            self.tokens.pop(words[1], None)
        elif words[0] == "keep":
            found = re.search(words[2], self.last.text)
            self.kept[words[1]] = found.group(1) if found else "nothing-was-kept"
        else:
            self.upstream.knobs.update((k, int(v)) for k, v in (w.split("=") for w in words[1:]))

    def judge(self, step, got, accept):
        for answer in step.answers:
            answer.body = self.fill(answer.body)
            answer.reason = self.fill(answer.reason)
            answer.headers = [(name, self.fill(value)) for name, value in answer.headers]
        wanted = step.answers[-1]  # ours, where it differs
        try:
            problems = wire.Comparer(step, wanted, got, accept).problems + self.serial_problems(step, got)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problems = ["not comparable: %r in %r" % (error, got)]
        # What devpi-web has a page for may have one of ours; and a page that is there by now is no difference.
        theirs = step.answers[0]
        if problems and theirs.body == "web" and got.status == theirs.status and b"<main" in got.body:
            problems = []
        if problems and theirs.body == "redirect" and wanted.row == "pages of devpi-web":
            problems = wire.Comparer(step, theirs, got, accept).problems
        pending = any(re.search(table, self.path.name) and re.search(what, step.section + "\n" + step.line) for table, what in PENDING)
        if pending and not problems:
            problems = ["agrees, so it is pending no more"]
        elif pending:
            return
        if problems:
            self.problems.append("%s\n    %s" % (step, "\n    ".join(problems)))

    def serial_problems(self, step, got):
        """What fails and what only reads moves no serial."""
        if got["X-Devpi-Serial"] is None:
            return []
        before, self.serial = self.serial, int(got["X-Devpi-Serial"])
        if before is None or step.method in ("POST", "PUT", "PATCH", "DELETE", "PUSH") and got.status < 400:
            return []
        return [] if self.serial >= before else ["the serial went back from %d to %d" % (before, self.serial)]


class Wire(harness.Case):
    @classmethod
    def world(cls):
        pass

    def converse(self, name, *args):
        upstream = wire_world.Upstream()
        self.addCleanup(upstream.stop)
        bodega = self.make_bodega(upstream.url + "/simple/", name=name, args=args)
        self.addCleanup(bodega.stop)
        conversation = Conversation(wire.HERE / "wire" / (name + ".txt"), bodega, upstream)
        problems = conversation.run()
        if problems:
            self.fail("%d steps differ:\n%s" % (len(problems), "\n".join(problems)))
        return conversation

    def test_1_users_and_indexes(self):
        self.converse("1-users-indexes")

    def test_2_uploads_pages_files(self):
        self.converse("2-upload-simple-files-push-delete")

    def test_3_mirrors(self):
        conversation = self.converse("3-mirror-inheritance", "--no-cache-floor", "0s")
        for entry in conversation.upstream.log:
            if entry["path"].startswith("/simple/"):
                self.assertIn(harness.JSON_TYPE, entry["headers"]["Accept"])
                self.assertEqual(entry["headers"]["Authorization"], basic("user", "pw")["Authorization"])
        self.assertTrue(any(e["headers"].get("If-None-Match") == '"upkg-1"' for e in conversation.upstream.log))

    def test_4_web_and_docs(self):
        self.converse("4-web-docs")

    def test_5_the_client(self):
        self.converse("5-client")


class Tables(harness.unittest.TestCase):
    def test_every_difference_has_its_row(self):
        table = wire.DIFFERENCES.read_text().partition("## Where Bodega differs")[2]
        cells = "\n".join(line.split(" | ")[0] for line in table.splitlines() if line.startswith("| "))
        rows = {answer.row for path in sorted((wire.HERE / "wire").glob("*.txt")) for step in wire.read_table(path)
                if isinstance(step, wire.Step) for answer in step.answers if answer.row}
        self.assertTrue(rows)
        for row in sorted(rows):
            self.assertIn(row, cells)

    def test_they_are_whole(self):
        steps = [s for path in (wire.HERE / "wire").glob("*.txt") for s in wire.read_table(path) if isinstance(s, wire.Step) and s.answers]
        self.assertGreater(len(steps), 350)

    def test_the_comparer_sees_differences(self):
        self.assertEqual(wire.differences({"a": 1, "b": "<time>"}, {"a": 1, "b": "2026-11-21T02:57:48Z"}), [])
        self.assertTrue(wire.differences({"a": 1, "b": 2}, {"b": 2, "a": 1}))
        self.assertTrue(wire.differences({"a": 1}, {"a": True}))
        self.assertTrue(wire.differences([1], [1, 2]))
        self.assertTrue(wire.differences("<time>", "now"))
        self.assertEqual(wire.links_of('<a href="x/#sha256=1" data-yanked="">x</a>'), [["x/#sha256=1", "x", {"data-yanked": ""}]])


if __name__ == "__main__":
    harness.main()
