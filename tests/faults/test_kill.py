#!/usr/bin/python3
"""kill -9 at random moments while four clients upload files, documentation and test results. Each start comes up by itself; every file that was acknowledged with 200 is there with
the right bytes; nothing half is listed or served; fsck finds nothing but whole blobs without a record, which it may adopt.

BODEGA_KILLS says how often (default 50), BODEGA_SEED repeats a run."""
import hashlib
import io
import json
import os
import pathlib
import random
import sys
import threading
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import JSON_TYPE, Broken, ask, basic, packages  # noqa: E402

KILLS = int(os.environ.get("BODEGA_KILLS") or 50)
SEED = int(os.environ.get("BODEGA_SEED") or time.time())
CLIENTS = 4
# Small ones are mostly bookkeeping, large ones mostly bytes: kills hit both.
SIZES = (0, 0, 20_000, 300_000, 2_000_000)


class Uploader(threading.Thread):
    """Uploads one made wheel after the other until told to stop; remembers what was acknowledged and what was only tried."""

    def __init__(self, bodega, number, password):
        super().__init__(daemon=True)
        self.bodega, self.number, self.credentials = bodega, number, basic("alice", password)
        self.acknowledged, self.tried, self.refused = {}, {}, []
        self.attached = {}  # path below the server -> digest
        self.stopping = threading.Event()

    def run(self):
        count = 0
        while not self.stopping.is_set():
            count += 1
            chance = random.Random("%s %s %s" % (SEED, self.number, count))
            name, version = "kill%d" % self.number, "%d.%d" % (count // 50 + 1, count % 50)
            filename, content = packages.make_wheel(name, version, filler=chance.choice(SIZES), marker=str(SEED))
            self.tried[filename] = hashlib.sha256(content).hexdigest()
            kind, body = harness.form(harness.upload_fields(name, version, content), filename, content)
            answer = self.persist("/alice/dev/", {**kind, **self.credentials}, body, filename)
            if answer:
                self.acknowledged[filename] = self.tried[filename]
                self.attach(chance, name, version, self.path(self.tried[filename], filename))

    def attach(self, chance, name, version, path):
        """Now and then documentation or a test result of what was just uploaded."""
        what = chance.choice(("docs", "result", None, None))
        if what == "docs":
            raw = io.BytesIO()
            with zipfile.ZipFile(raw, "w") as archive:
                archive.writestr("index.html", chance.randbytes(chance.choice(SIZES)))
            fields = [(":action", "doc_upload"), ("name", name), ("version", version)]
            filename = "%s-%s.doc.zip" % (name, version)
            kind, body = harness.form(fields, filename, raw.getvalue())
            if self.persist("/alice/dev/", {**kind, **self.credentials}, body, filename):
                digest = hashlib.sha256(raw.getvalue()).hexdigest()
                self.attached[self.path(digest, filename)] = digest
        if what == "result":
            answer = self.persist(path, {"Content-Type": "application/json"}, json.dumps({"padding": "x" * chance.choice(SIZES)}), path)
            if answer:
                where, digest = answer.json()["result"].split("#sha256=")
                self.attached["/" + where] = digest

    @staticmethod
    def path(digest, filename):
        return "/alice/dev/+f/%s/%s/%s" % (digest[:3], digest[3:16], filename)

    def persist(self, path, headers, body, what):
        """Posts until there is an answer, as twine's user does after a kill; the answer if it is 200."""
        while not self.stopping.is_set():
            try:
                answer = ask(self.bodega.url + path, "POST", headers, body, timeout=30)
            except Broken:
                time.sleep(0.02)
                continue
            if answer.status == 200:
                return answer
            self.refused.append((what, answer.status, answer.reason))
            break
        return None


class Pusher(threading.Thread):
    """Pushes one release to one new index after the other; remembers which pushes were acknowledged."""

    def __init__(self, bodega, password):
        super().__init__(daemon=True)
        self.bodega, self.password = bodega, password
        self.acknowledged, self.tried, self.refused = set(), [], []
        self.stopping = threading.Event()

    def ask(self, method, path, body):
        """Until the server answers; None when it is time to stop."""
        while not self.stopping.is_set():
            try:
                return self.bodega.api(method, path, body, user="alice", password=self.password)
            except Broken:
                time.sleep(0.02)

    def run(self):
        while not self.stopping.is_set():
            target = "alice/rel%d" % len(self.tried)
            made = self.ask("PUT", "/" + target, {"type": "stage", "volatile": False})
            if made is None or made.status not in (200, 409):  # 409: it was made, and its answer killed
                break
            self.tried.append(target)
            try:
                answer = self.bodega.api("PUSH", "/alice/src", {"name": "pushed", "version": "1.0", "targetindex": target}, user="alice",
                                         password=self.password)
            except Broken:
                continue  # whole or absent: nobody knows yet
            if answer.status == 200:
                self.acknowledged.add(target)
            else:
                self.refused.append((target, answer))


class Kill(harness.Case):
    @classmethod
    def world(cls):
        # No upstream: nothing here may need one.
        cls.bodega = cls.make_bodega(args=["--offline", "on"])
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/dev", volatile=False)

    def login(self):
        """A token: it lives through restarts and costs nothing to verify; a password takes longer than the server lives here."""
        return self.bodega.api("POST", "/+login", {"user": "alice", "password": self.password}, user=None).json()["result"]["password"]

    @staticmethod
    def wait_for_more(count):
        before = count()
        harness.wait_for(lambda: count() > before, what="another acknowledgement")

    def test_acknowledged_uploads_survive(self):
        print("\n%d kills, seed %d" % (KILLS, SEED))
        chance = random.Random(SEED)
        token = self.login()
        uploaders = [Uploader(self.bodega, n, token) for n in range(CLIENTS)]
        for uploader in uploaders:
            uploader.start()
        starts = []
        try:
            for kill in range(KILLS):
                # Shorter than an upload, and longer than several; of every four one where something was acknowledged, however slow the disk is.
                if kill % 4 == 0:
                    self.wait_for_more(lambda: sum(len(u.acknowledged) for u in uploaders))
                time.sleep(chance.choice((chance.uniform(0, 0.05), chance.uniform(0, 0.8))))
                self.bodega.kill()
                began = time.monotonic()
                self.bodega.start()
                self.assertStatus(self.bodega.get("/+health/ready"), 200, "ready after the start")
                starts.append(time.monotonic() - began)
            self.wait_for_more(lambda: sum(len(u.attached) for u in uploaders))
        finally:
            for uploader in uploaders:
                uploader.stopping.set()
            for uploader in uploaders:
                uploader.join(60)
        acknowledged = {k: v for u in uploaders for k, v in u.acknowledged.items()}
        tried = {k: v for u in uploaders for k, v in u.tried.items()}
        refused = [r for u in uploaders for r in u.refused]
        attached = {k: v for u in uploaders for k, v in u.attached.items()}
        print("documentation and test results: %d acknowledged" % len(attached))
        print("starts: %d, longest %.2f s; uploads: %d tried, %d acknowledged, %d refused" %
              (len(starts), max(starts), len(tried), len(acknowledged), len(refused)))
        self.assertEqual(refused, [], "uploads that were refused for another reason than the kill")
        self.assertGreaterEqual(len(acknowledged), KILLS / 4, "too few uploads for a test")
        self.assertGreater(len(attached), 0, "too little documentation for a test")
        self.check_files(acknowledged, tried)
        self.check_attached(attached)
        # Once more by hand: the last kill is followed by a clean end.
        self.assertEqual(self.bodega.stop(), 0)
        self.check_fsck()
        self.bodega.start()
        self.check_files(acknowledged, tried)
        self.check_attached(attached)

    def check_attached(self, attached):
        lost = [path for path, digest in attached.items() if self.bodega.get(path).sha256() != digest]
        self.assertEqual(lost, [], "acknowledged documentation or test results are lost")

    def test_pushes_are_whole_or_absent(self):
        release = [packages.make_wheel("pushed", "1.0", filler=50_000), packages.make_sdist("pushed", "1.0")]
        self.bodega.api("PUT", "/alice/src", {"type": "stage"}, user="alice", password=self.password)
        for filename, content in release:
            kind, body = harness.form(harness.upload_fields("pushed", "1.0", content), filename, content)
            self.assertStatus(ask(self.bodega.url + "/alice/src/", "POST", {**kind, **basic("alice", self.password)}, body), 200)
        chance = random.Random(SEED)
        pusher = Pusher(self.bodega, self.login())
        pusher.start()
        try:
            for kill in range(max(1, KILLS // 5)):
                if kill % 2 == 0:
                    self.wait_for_more(lambda: len(pusher.acknowledged))
                time.sleep(chance.uniform(0.05, 0.4))
                self.bodega.kill()
                self.bodega.start()
        finally:
            pusher.stopping.set()
            pusher.join(60)
        absent = 0
        for target in pusher.tried:
            page = self.bodega.page("pushed", target)
            if page.status == 404 and target not in pusher.acknowledged:
                absent += 1
                continue
            self.assertStatus(page, 200, target)
            files = {entry["filename"]: entry["hashes"]["sha256"] for entry in page.json()["files"]}
            self.assertEqual(files, {name: hashlib.sha256(content).hexdigest() for name, content in release}, target)
        print("\npushes: %d tried, %d acknowledged, %d absent" % (len(pusher.tried), len(pusher.acknowledged), absent))
        self.assertEqual(pusher.refused, [])
        self.assertGreaterEqual(len(pusher.acknowledged), KILLS // 10, "too few pushes for a test")

    def check_files(self, acknowledged, tried):
        listed = {}
        names = [p["name"] for p in ask(self.bodega.url + "/alice/dev/+simple/", headers={"Accept": JSON_TYPE}).json()["projects"]]
        for name in names:
            base = "%s/alice/dev/+simple/%s/" % (self.bodega.url, name)
            for entry in self.bodega.page(name, "alice/dev").json()["files"]:
                answer = ask(harness.urllib.parse.urljoin(base, entry["url"]))
                self.assertStatus(answer, 200, entry["filename"])
                digest = answer.sha256()
                self.assertEqual(digest, entry["hashes"]["sha256"], "half a file is listed: " + entry["filename"])
                self.assertEqual(len(answer.body), entry["size"])
                self.assertEqual(digest, tried.get(entry["filename"]), "bytes that nobody uploaded: " + entry["filename"])
                meta = ask(harness.urllib.parse.urljoin(base, entry["url"]) + ".metadata")
                self.assertStatus(meta, 200)
                self.assertEqual(meta.body, packages.wheel_metadata(answer.body))
                listed[entry["filename"]] = digest
        lost = {k for k in acknowledged if listed.get(k) != acknowledged[k]}
        print("listed and whole: %d; acknowledged and lost: %d" % (len(listed), len(lost)))
        self.assertEqual(lost, set(), "acknowledged uploads are lost")

    def check_fsck(self):
        code, said = self.bodega.fsck()
        print("fsck: %d: %s" % (code, ", ".join(" ".join(line.split()) for line in said.strip().splitlines())))
        if code != 0:
            self.assertNotRegex(said, r"(?i)(damaged|missing)\S* (hosted|cached)? ?[1-9]", said)
            code, said = self.bodega.fsck("--repair")
            print("fsck --repair: %d: %s" % (code, said.strip().splitlines()[-1]))
            self.assertEqual(code, 0, said)
        code, said = self.bodega.fsck()
        self.assertEqual(code, 0, said)
        leftovers = [p.name for p in (self.bodega.data / "tmp").glob("*")] if (self.bodega.data / "tmp").is_dir() else []
        self.assertEqual(leftovers, [], "temporary files stay behind")


if __name__ == "__main__":
    harness.main()
