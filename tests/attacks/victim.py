"""What is attacked: a server with an upstream, an open and a closed index, a user for each role; and plain sockets, because HTTP libraries
refuse to say what attackers say."""
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import ask, basic, form, packages, upload_fields  # noqa: E402

# Each is in exactly one place where it may be; found anywhere else, it leaked.
CANARY = "c4n4ry"


def exchange(port, sent, seconds=10, pieces=1 << 20):
    """All that the server answers to these bytes until it closes the connection, or is silent for a second."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as wire:
        answer = b""
        try:
            for at in range(0, len(sent), pieces):
                wire.sendall(sent[at:at + pieces])
            wire.settimeout(1)
            while piece := wire.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        return answer


def statuses(answer):
    """Of every response in the bytes. Bodies here hold no such line."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


class Victim(harness.Case):
    """ann has the open index ann/dev and the closed one ann/closed, each with a release; bob is a stranger."""

    arguments = ()

    @classmethod
    def world(cls):
        cls.origin = cls.make_origin(mini=True)
        cls.bodega = cls.make_bodega(cls.origin.index, args=cls.arguments)
        cls.furnish()

    @classmethod
    def furnish(cls):
        cls.passwords = {name: cls.bodega.make_user(name, CANARY + "-password-of-" + name) for name in ("ann", "bob")}
        cls.make("dev", "openpkg")
        cls.make("closed", "secretpkg", acl_pkg_read=["ann"])

    @classmethod
    def make(cls, index, project, **options):
        made = cls.bodega.api("PUT", "/ann/" + index, {"type": "stage", **options}, user="ann", password=cls.passwords["ann"])
        assert made.status == 200, made
        filename, content = packages.make_wheel(project, "1.0")
        assert cls.upload("ann/" + index, project, "1.0", filename, content).status == 200

    @classmethod
    def upload(cls, index, project, version, filename, content, user="ann"):
        headers, body = form(upload_fields(project, version, content), filename, content)
        return ask(cls.bodega.url + "/" + index + "/", "POST", {**headers, **basic(user, cls.passwords[user])}, body)

    def raw(self, text, **more):
        return exchange(self.bodega.port, text if isinstance(text, bytes) else text.encode(), **more)

    def assertAlive(self):
        self.assertEqual(self.bodega.get("/+health/live").status, 200)
        self.assertIsNone(self.bodega.process.popen.poll())
