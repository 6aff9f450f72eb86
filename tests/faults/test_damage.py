#!/usr/bin/python3
"""Bytes that go bad on the disk. No damaged blob is ever served as a complete answer: cached ones are fetched again, ours are refused and reported;
fsck finds every one."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import Broken, ask, basic, packages  # noqa: E402


def flip(path, at=100):
    """One byte, in place: same size, same inode."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0xFF]))


def truncate(path):
    os.truncate(path, os.path.getsize(path) // 2)


def replace(path):
    """Another file of the same size under the same name."""
    size = os.path.getsize(path)
    path.unlink()
    path.write_bytes(b"x" * size)


HARM = (("one byte flipped", flip), ("cut in half", truncate), ("replaced by another", replace), ("removed", lambda path: path.unlink()))


class Damage(harness.Case):
    @classmethod
    def world(cls):
        extra = cls.directory / "extra"
        extra.mkdir()
        for n in range(2 * len(HARM)):
            filename, content = packages.make_wheel("cached%d" % n, "1.0", filler=300_000)
            (extra / filename).write_bytes(content)
        cls.origin = cls.make_origin(args=["--extra", extra])
        cls.bodega = cls.make_bodega(cls.origin.index)
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/prod", volatile=False)

    def blob(self, digest):
        path = self.bodega.data / "blobs/sha256" / digest[:2] / digest[2:4] / digest
        harness.wait_for(path.exists, 10, "the blob on the disk")
        return path

    def get(self, url, right):
        """The status; a wrong body that ends as a complete answer fails the test."""
        try:
            answer = ask(url)
        except Broken as broken:
            self.assertLess(len(broken.body), len(right))
            return "broken"
        if answer.status == 200:
            self.assertEqual(answer.body, right, "a damaged file was served as a complete answer")
        return answer.status

    def upload(self, name, content, filename):
        kind, body = harness.form(harness.upload_fields(name, "1.0", content), filename, content)
        return ask(self.bodega.url + "/alice/prod/", "POST", {**kind, **basic("alice", self.password)}, body)

    def cached(self, number):
        url, entry = self.bodega.link("cached%d" % number, "whl$")
        right = (self.directory / "extra" / entry["filename"]).read_bytes()
        self.assertEqual(self.get(url, right), 200)
        return url, right, self.blob(entry["hashes"]["sha256"])

    def test_cached_files_heal(self):
        # Hot (an open file in the table of warm answers), and after a restart.
        for restarted in (False, True):
            for number, (name, harm) in enumerate(HARM):
                with self.subTest(harm=name, restarted=restarted):
                    number += len(HARM) if restarted else 0
                    url, right, path = self.cached(number)
                    harness.wait_for(lambda: ask(url)["X-Cache"] == "hit", 5)
                    if restarted:
                        self.assertEqual(self.bodega.stop(), 0)
                        harm(path)
                        self.bodega.start()
                    else:
                        harm(path)
                    seen = [self.get(url, right) for _ in range(4)]
                    print("cached, %s%s: %s" % (name, ", restarted" if restarted else "", seen))
                    self.assertEqual(seen[-1], 200, "the file was not fetched again")
                    self.assertEqual(self.blob(path.name).read_bytes(), right)

    def test_hosted_files_are_refused_and_reported(self):
        for number, (name, harm) in enumerate(HARM):
            with self.subTest(harm=name):
                project = "hosted%d" % number
                filename, right = packages.make_wheel(project, "1.0", filler=300_000)
                self.assertStatus(self.upload(project, right, filename), 200)
                url, entry = self.bodega.link(project, "whl$", "alice/prod")
                self.assertEqual(self.get(url, right), 200)
                path = self.blob(entry["hashes"]["sha256"])
                harm(path)
                seen = self.get(url, right)
                for _ in range(3):
                    seen = self.get(url, right)
                print("hosted, %s: %s" % (name, seen))
                if name == "removed" and seen == 200:
                    continue  # the open file still has the right bytes: serving them is fine
                self.assertEqual(seen, 500)
                self.assertTrue([line for line in self.bodega.log().splitlines() if "file.damaged_hosted" in line and filename in line])
                # The metadata is in the catalog and goes on.
                self.assertStatus(ask(url + ".metadata"), 200)
                # Uploading the same bytes again repairs.
                self.assertStatus(self.upload(project, right, filename), 200)
                self.assertEqual(self.get(url, right), 200)
                self.assertEqual(self.get(url, right), 200)

    def test_fsck_finds_all(self):
        filename, right = packages.make_wheel("checked", "1.0", filler=50_000)
        self.assertStatus(self.upload("checked", right, filename), 200)
        _, entry = self.bodega.link("checked", "whl$", "alice/prod")
        hosted = self.blob(entry["hashes"]["sha256"])
        url, _ = self.bodega.link("six", r"six-1\.16\.0-.*whl$")
        six = ask(url)
        cached = self.blob(six.sha256())
        self.assertEqual(self.bodega.stop(), 0)
        try:
            content = hosted.read_bytes()
            code, said = self.bodega.fsck("--repair")  # what the other tests left
            flip(hosted)
            flip(cached)
            code, said = self.bodega.fsck()
            self.assertEqual(code, 1, said)
            for path in (hosted, cached):
                self.assertIn(path.name, said)
            self.assertTrue(cached.exists(), "without --repair nothing is touched")
            code, said = self.bodega.fsck("--repair")
            self.assertEqual(code, 1, "a hosted file cannot be repaired:\n" + said)
            hosted.parent.mkdir(parents=True, exist_ok=True)
            hosted.write_bytes(content)
            code, said = self.bodega.fsck("--repair")
            self.assertEqual(code, 0, said)
            self.assertEqual(self.bodega.fsck()[0], 0)
        finally:
            self.bodega.start()
        self.assertEqual(ask(url).body, six.body)


if __name__ == "__main__":
    harness.main()
