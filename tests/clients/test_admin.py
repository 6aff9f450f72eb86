#!/usr/bin/python3
"""Administration without Python: bodega user, index, passwd, token, status, against a server that runs and against one that does not; tokens in
the hands of pip, twine and uv; Unix sockets."""
import http.client
import json
import os
import pty
import re
import shutil
import socket
import stat
import subprocess

import harness
from harness import BINARY, Venv, ask, basic, clean_environment, packages


class Admin(harness.Case):
    @classmethod
    def world(cls):
        cls.bodega = cls.make_bodega()
        cls.secrets = []

    def command(self, *words, given="", code=0, data=None):
        """Standard output; standard error is in self.errors."""
        done = subprocess.run([BINARY, *words, "--data", str(data or self.bodega.data)], input=given, capture_output=True, text=True, timeout=120,
                              env=clean_environment(HOME=self.directory))
        self.errors = done.stderr
        self.assertEqual(done.returncode, code, "%s: %s%s" % (words, done.stdout, done.stderr))
        return done.stdout

    def token(self, *words):
        out = self.command("token", "create", *words)
        text = out.strip()
        self.assertRegex(text, r"^bodega_[a-z2-7]{12}_[a-z2-7]{58}$")
        self.assertIn("only time", self.errors)
        self.secrets.append(text)
        return text

    def upload(self, index, secret, name="hello", version="1.0", user="__token__"):
        filename, content = packages.make_wheel(name, version)
        kind, body = harness.form(harness.upload_fields(name, version, content), filename, content)
        return ask("%s/%s/" % (self.bodega.url, index), "POST", {**kind, **basic(user, secret)}, body).status

    def everything(self, name):
        """The whole life of a user and an index by commands."""
        self.command("user", "create", name, "--email", name + "@example.org", given="first secret\n")
        self.assertRegex(self.command("user", "list"), r"(?m)^%s +%s@example.org" % (name, name))
        self.assertEqual(json.loads(self.command("user", "show", name, "--json"))["username"], name)
        self.command("index", "create", name + "/dev", "bases=root/pypi", "volatile=True")
        self.command("index", "modify", name + "/dev", "acl_upload+=root", "title=For " + name)
        shown = json.loads(self.command("index", "show", name + "/dev", "--json"))
        self.assertEqual((shown["bases"], shown["acl_upload"], shown["title"]), (["root/pypi"], [name, "root"], "For " + name))
        self.assertRegex(self.command("index", "list"), r"(?m)^%s/dev +stage +true +%s, root +root/pypi$" % (name, name))
        self.assertRegex(self.command("index", "list"), r"(?m)^root/pypi +mirror ")
        made = json.loads(self.command("token", "create", "--user", name, "--scope", "upload", "--index", name + "/dev", "--expires", "90d",
                                       "--comment", "the build", "--json"))
        self.secrets.append(made["token"])
        line = [l for l in self.command("token", "list", "--user", name).splitlines() if l.startswith(made["id"])][0]
        self.assertRegex(line, r" upload +%s/dev +\S+ +\S+ +- +the build$" % name)
        self.assertNotIn(made["token"], self.command("token", "list", "--json"))
        self.command("passwd", name, given="second secret\n")
        return made

    def test_commands_against_a_running_server(self):
        made = self.everything("anna")
        self.assertEqual(self.upload("anna/dev", made["token"]), 200)
        self.assertEqual(self.bodega.api("POST", "/+login", {"user": "anna", "password": "first secret"}, user=None).status, 401)
        self.assertStatus(self.bodega.api("POST", "/+login", {"user": "anna", "password": "second secret"}, user=None), 200)
        self.assertIn("revoked", self.command("token", "revoke", made["id"]))
        self.assertEqual(self.upload("anna/dev", made["token"], version="2.0"), 401)
        self.command("index", "delete", "anna/dev")
        self.command("user", "delete", "anna")
        self.assertNotIn("anna", self.command("user", "list"))

    def test_the_same_commands_when_none_runs(self):
        self.bodega.stop()
        try:
            made = self.everything("bert")
            self.assertRegex(self.command("status"), r"(?m)^server +not running$")
        finally:
            self.bodega.start()
        self.assertEqual(self.upload("bert/dev", made["token"]), 200)
        self.assertStatus(self.bodega.api("POST", "/+login", {"user": "bert", "password": "second secret"}, user=None), 200)

    def test_status(self):
        self.assertRegex(self.command("status"), r"(?m)^server +running$")
        told = json.loads(self.command("status", "--json"))
        self.assertTrue(told["running"])
        self.assertEqual(told["addresses"], [self.bodega.url])
        self.assertEqual(told["data"], str(self.bodega.data))

    def test_mistakes_say_the_next_step(self):
        self.command("user", "create", "root", given="x\n", code=1)
        self.assertIn("exists already", self.errors)
        self.command("user", "create", "carl", given="", code=2)
        self.assertIn("--password-file", self.errors)
        self.command("user", "show", "nobody", code=1)
        self.assertIn("nobody", self.errors)
        self.command("index", "create", "root", code=2)
        self.assertIn("USER/INDEX", self.errors)
        self.command("index", "delete", "root/none", code=1)
        self.assertIn("root/none", self.errors)
        self.command("token", "create", "--user", "root", code=2)
        self.assertIn("--scope", self.errors)
        self.command("token", "create", "--user", "root", "--scope", "all", code=2)
        self.command("token", "revoke", "none", code=1)
        empty = self.directory / "empty"
        self.command("user", "list", data=empty, code=1)
        self.assertIn("--data", self.errors)
        self.assertFalse(empty.exists(), "a command made a data directory")

    def test_a_password_is_asked_for_twice_and_not_shown(self):
        def typed(*lines):
            leader, follower = pty.openpty()
            done = subprocess.Popen([BINARY, "user", "create", "tess", "--data", str(self.bodega.data)], stdin=follower, stdout=follower,
                                    stderr=follower, env=clean_environment(HOME=self.directory))
            os.close(follower)
            seen = b""
            for line in lines:
                while not seen.rstrip().endswith(b":"):
                    seen += os.read(leader, 1000)
                os.write(leader, line + b"\n")
                seen += b"|"
            try:
                while piece := os.read(leader, 1000):
                    seen += piece
            except OSError:
                pass  # the other side is closed
            os.close(leader)
            return done.wait(60), seen

        code, seen = typed(b"open sesame", b"open sesami")
        self.assertNotEqual(code, 0)
        self.assertIn(b"differ", seen)
        code, seen = typed(b"open sesame", b"open sesame")
        self.assertEqual(code, 0, seen)
        self.assertNotIn(b"sesame", seen)
        self.assertStatus(self.bodega.api("POST", "/+login", {"user": "tess", "password": "open sesame"}, user=None), 200)

    def test_rotation_ends_logins_not_tokens(self):
        self.command("user", "create", "rita", given="pw\n")
        self.command("index", "create", "rita/dev")
        token = self.token("--user", "rita", "--scope", "upload")
        login = self.bodega.api("POST", "/+login", {"user": "rita", "password": "pw"}, user=None).json()["result"]["password"]
        self.assertStatus(self.bodega.api("GET", "/+token", user="rita", password=login), 200)
        self.command("token", "rotate-secret")
        self.assertStatus(self.bodega.api("GET", "/+token", user="rita", password=login), 401)
        self.assertEqual(self.upload("rita/dev", token), 200)

    def test_the_socket_is_the_owners_and_goes_with_the_server(self):
        path = self.bodega.data / "bodega.sock"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertStatus(self.bodega.api("GET", "/+admin/tokens"), 404)
        self.bodega.kill()
        self.assertTrue(path.exists(), "a killed server leaves it")
        self.command("user", "list")  # nobody listens: done in this process
        self.bodega.start()
        self.command("user", "list")
        self.bodega.stop()
        self.assertFalse(path.exists())
        self.bodega.start()

    def test_a_unix_socket_for_a_proxy_is_nobodys_administrator(self):
        path = self.directory / "proxy.sock"
        other = self.make_bodega(name="other", args=["--unix-socket", path, "--unix-socket-perms", "660"])
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o660)
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(path))
        for target, status in (("/+api", 200), ("/+admin/status", 404)):
            connection.request("GET", target, headers={"Accept": "application/json", "X-Forwarded-For": "unix"})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, status, target)
        connection.request("PUT", "/root/more", "{}", {"Accept": "application/json"})
        self.assertEqual(connection.getresponse().status, 403)
        connection.close()
        other.stop()
        self.assertFalse(path.exists())

    def test_pip_installs_and_twine_uploads_with_tokens(self):
        twine = shutil.which("twine", path="/usr/bin")
        self.command("user", "create", "paul", given="pw\n")
        self.command("index", "create", "paul/dev", "acl_pkg_read=paul")
        write = self.token("--user", "paul", "--scope", "upload", "--index", "paul/dev")
        read = self.token("--user", "paul", "--scope", "read", "--index", "paul/dev")
        if twine is None and (harness.SHARED / "clients/make-venv").exists():
            twine = Venv(self.directory / "twine", ["twine"]).bin / "twine"
        filename, content = packages.make_wheel("parcel", "1.0")
        wheel = self.directory / filename
        wheel.write_bytes(content)
        if twine is None:
            self.assertEqual(self.upload("paul/dev", write, "parcel"), 200)
        else:
            env = clean_environment(HOME=self.directory, TWINE_NON_INTERACTIVE=1, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
            url = "%s/paul/dev/" % self.bodega.url
            denied = harness.run([twine, "upload", "--repository-url", url, "-u", "__token__", "-p", read, wheel], check=False, env=env)
            self.assertNotEqual(denied.returncode, 0)
            harness.run([twine, "upload", "--repository-url", url, "-u", "__token__", "-p", write, wheel], env=env)
        address = self.bodega.url.replace("http://", "http://__token__:%s@") + "/paul/dev/+simple/"
        venv = Venv(self.directory / "venv")
        venv.pip("install", "--index-url", address % read, "parcel")
        self.assertEqual(venv.installed(), {"parcel": "1.0"})
        self.command("token", "revoke", read.split("_")[1])
        done = Venv(self.directory / "venv2").pip("install", "--index-url", address % read, "parcel", check=False)
        self.assertNotEqual(done.returncode, 0, "a revoked token still reads a closed index")

    def test_uv_publishes_and_installs_with_a_token(self):
        harness.shared("clients/make-venv")
        self.command("user", "create", "uwe", given="pw\n")
        self.command("index", "create", "uwe/dev")
        write = self.token("--user", "uwe", "--scope", "upload")
        home = Venv(self.directory / "uv", ["uv"])
        env = {"UV_NO_CONFIG": 1, "UV_HTTP_RETRIES": 0, "UV_CACHE_DIR": self.directory / "uv-cache", "UV_PYTHON_DOWNLOADS": "never"}
        filename, content = packages.make_wheel("sled", "1.0")
        (self.directory / filename).write_bytes(content)
        home.run("uv", "publish", "--publish-url", self.bodega.url + "/uwe/dev/", self.directory / filename, env={**env, "UV_PUBLISH_TOKEN": write})
        venv = Venv(self.directory / "uv-venv")
        index = self.bodega.url.replace("http://", "http://__token__:%s@" % write) + "/uwe/dev/+simple/"
        home.run("uv", "pip", "install", "--python", venv.bin / "python", "--default-index", index, "sled", env=env)
        self.assertEqual(venv.installed(), {"sled": "1.0"})

    def test_zz_no_log_holds_a_secret(self):
        text = self.bodega.log() + self.bodega.process.output()
        for path in self.bodega.data.rglob("*"):
            if path.is_file():
                text += path.read_bytes().decode("latin-1")
        for secret in self.secrets:
            self.assertNotIn(secret.split("_")[2], text)
        for password in ("first secret", "second secret", "open sesame"):
            self.assertNotIn(password, text)


if __name__ == "__main__":
    harness.main()
