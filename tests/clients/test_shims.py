#!/usr/bin/python3
"""devpi's programs as Bodega plays them: devpi-server, devpi-init and the rest, from the directory that goes in front on PATH. What needs the
devpi client skips itself where ../shared/clients is missing."""
import hashlib
import json
import os
import pathlib
import re
import socket
import stat
import subprocess

import harness
from harness import Process, Venv, ask, basic, packages

SHIMS = harness.BINARY.parent / "devpi-shims"


def call(program, *args, env=None, stdin=None, cwd=None):
    """(exit code, standard output, standard error)"""
    done = subprocess.run([str(SHIMS / program), *map(str, args)], capture_output=True, text=True, timeout=harness.PATIENCE, cwd=cwd,
                          env=harness.clean_environment(**(env or {})), **({"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}))
    return done.returncode, done.stdout, done.stderr


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Shims(harness.Case):
    @classmethod
    def world(cls):
        cls.origin = cls.make_origin()
        cls.count = 0

    def setUp(self):
        type(self).count += 1
        self.here = self.directory / str(self.count)
        self.here.mkdir()
        self.serverdir = self.here / "server"
        # root/pypi stands for the upstream of the test, whatever devpi-init has written down.
        self.env = {"HOME": self.here, "BODEGA_UPSTREAM": self.origin.index}

    def init(self, *args, **env):
        code, said, wrong = call("devpi-init", "--serverdir", self.serverdir, *args, env={**self.env, **env})
        self.assertEqual((code, wrong), (0, ""), said)
        return said

    def serve(self, *args, port=None, **env):
        """devpi-server on a free port; its URL."""
        port = port or free_port()
        command = [SHIMS / "devpi-server", "--serverdir", self.serverdir, "--port", port, *args]
        self.process = Process(command, self.here, "devpi-server", harness.clean_environment(**{**self.env, **env}))
        self.addCleanup(self.process.stop)
        return self.process.wait_line(r"^Bodega \S+ listens on (http://127\.0\.0\.1:\d+)").group(1)

    def log(self, pattern):
        return harness.wait_for(lambda: re.search(pattern, self.process.errors()), 20, pattern).group(0)

    def login(self, url, password, user="root"):
        answer = ask(url + "/+login", "POST", {"Accept": "application/json"}, '{"user": "%s", "password": "%s"}' % (user, password))
        return answer.status

    def test_version_and_help(self):
        code, said, beside = call("devpi-server", "--version")
        self.assertEqual((code, said), (0, "6.20.3\n"))
        self.assertIn("Bodega", beside)
        for program in sorted(p.name for p in SHIMS.iterdir()):
            code, said, _ = call(program, "-h")
            self.assertEqual(code, 0, program)
            self.assertTrue(said.startswith("usage: " + program), said)
            self.assertIn("--configfile", said)
        self.assertIn("--indexer-backend", call("devpi-server", "-h")[1])

    def test_the_directory_holds_devpis_names_only(self):
        names = {p.name for p in SHIMS.iterdir()}
        self.assertEqual(names, {"devpi-" + n for n in ("server", "init", "passwd", "export", "import", "fsck", "gen-secret")})

    def test_init_and_serve(self):
        self.assertIn("EMPTY password", self.init())
        url = self.serve("--threads", 5, "--indexer-backend", "null")
        self.assertEqual(self.login(url, ""), 200)
        self.assertEqual(self.login(url, "x"), 401)
        config = ask(url + "/root/pypi", headers={"Accept": "application/json"}).json()["result"]
        self.assertEqual((config["type"], config["volatile"], config["title"]), ("mirror", False, "PyPI"))
        self.assertEqual(ask(url + "/root/pypi/+simple/six/", headers={"Accept": harness.JSON_TYPE}).status, 200)
        self.log(r"config\.warning.*--threads has no effect")
        self.log(r"config\.warning.*--indexer-backend has no effect")
        self.assertNotIn("password_empty", self.process.errors())  # only this machine gets there
        self.assertEqual(self.process.stop(), 0)

    def test_init_twice(self):
        self.init("--root-passwd", "first")
        for mark in (".nodeinfo", ".serverversion"):
            self.assertTrue((self.serverdir / mark).is_file(), "scripts look for " + mark)
        code, _, said = call("devpi-init", "--serverdir", self.serverdir, "--root-passwd", "second", env=self.env)
        self.assertEqual(code, 1)
        self.assertIn("already initialised", said)
        url = self.serve()
        self.assertEqual((self.login(url, "first"), self.login(url, "second")), (200, 401))

    def test_init_without_root_pypi_and_with_a_hash(self):
        self.init("--no-root-pypi", "--root-passwd-hash", self.hash_of("from a hash"))
        url = self.serve()
        self.assertEqual(self.login(url, "from a hash"), 200)
        self.assertEqual(ask(url + "/root/pypi", headers={"Accept": "application/json"}).status, 404)
        self.assertEqual(ask(url + "/root", headers={"Accept": "application/json"}).json()["result"]["indexes"], {})
        self.process.stop()
        self.assertEqual(ask(self.serve() + "/root/pypi", headers={"Accept": "application/json"}).status, 404, "nor at the next start")

    def test_a_directory_that_is_not_initialised(self):
        code, _, said = call("devpi-server", "--serverdir", self.serverdir, env=self.env)
        self.assertEqual(code, 1)
        self.assertIn("devpi-init --serverdir %s" % self.serverdir, said)
        self.assertFalse(self.serverdir.exists())

    def test_the_directory_of_a_real_devpi(self):
        self.serverdir.mkdir()
        (self.serverdir / ".serverversion").write_text("4")
        (self.serverdir / ".sqlite").write_bytes(b"SQLite format 3\0")
        before = sorted(self.serverdir.iterdir())
        for program in ("devpi-server", "devpi-init", "devpi-fsck"):
            code, _, said = call(program, "--serverdir", self.serverdir, env=self.env)
            self.assertEqual(code, 1, program)
            self.assertIn("bodega import devpi-serverdir %s" % self.serverdir, said)
        self.assertEqual(sorted(self.serverdir.iterdir()), before)

    def test_mistakes(self):
        self.init()
        for args, env, pattern in ((["--nonsense"], {}, r"--nonsense: there is no such option"),
                                   (["--port", "http"], {}, r"--port must be a number"),
                                   ([], {"DEVPISERVER_PORT": "http"}, r"DEVPISERVER_PORT: --port must be a number"),
                                   (["--host", "no.such.host.invalid"], {}, r"no\.such\.host\.invalid.*no address"),
                                   (["--outside-url", "ftp://x"], {}, r"(?s)public-url.*asked of Bodega was: bodega serve"),
                                   (["--primary-url", "http://127.0.0.1:1"], {}, r"cannot be a replica"),
                                   (["-c", self.here / "none.yml"], {}, r"none\.yml cannot be read")):
            code, _, said = call("devpi-server", "--serverdir", self.serverdir, *args, env={**self.env, **env})
            self.assertEqual(code, 2, said)
            self.assertRegex(said, pattern)

    def test_passwd(self):
        self.init("--root-passwd", "first")
        code, said, wrong = call("devpi-passwd", "root", "--serverdir", self.serverdir, env=self.env, stdin="second\n")
        self.assertEqual(code, 0, said + wrong)
        url = self.serve()
        self.assertEqual((self.login(url, "first"), self.login(url, "second")), (401, 200))
        # Also while the server runs, and at once.
        code, said, wrong = call("devpi-passwd", "--serverdir", self.serverdir, env=self.env, stdin="third\n")
        self.assertEqual(code, 0, said + wrong)
        self.assertEqual((self.login(url, "second"), self.login(url, "third")), (401, 200))
        self.assertNotEqual(call("devpi-passwd", "nobody", "--serverdir", self.serverdir, env=self.env, stdin="x\n")[0], 0)

    def test_unix_socket(self):
        self.init()
        path = self.here / "devpi.sock"
        command = [SHIMS / "devpi-server", "--serverdir", self.serverdir, "--unix-socket", path, "--unix-socket-perms", "660"]
        self.process = Process(command, self.here, "devpi-server", harness.clean_environment(**self.env))
        self.addCleanup(self.process.stop)
        self.process.wait_line(r"listens on unix:")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o660)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET /+api HTTP/1.0\r\nHost: x\r\n\r\n")
            self.assertRegex(client.makefile("rb").readline(), rb"HTTP/1\.[01] 200")

    def test_what_kubernetes_injects(self):
        self.init(DEVPI_PORT="tcp://10.0.0.1:3141", DEVPISERVER_PORT="tcp://10.0.0.2:3141")
        port = free_port()
        config = self.here / "devpi.yml"
        config.write_text("devpi-server:\n  port: %d\n" % port)
        env = {"DEVPI_PORT": "tcp://10.0.0.1:3141", "DEVPI_SERVICE_HOST": "10.0.0.1", "DEVPI_PORT_3141_TCP": "tcp://10.0.0.1:3141",
               "DEVPISERVER_PORT": "tcp://10.0.0.2:3141", "DEVPISERVER_SERVICE_HOST": "10.0.0.2", "BODEGA_PORT": "tcp://10.0.0.3:3141"}
        command = [SHIMS / "devpi-server", "--serverdir", self.serverdir, "-c", config]
        self.process = Process(command, self.here, "devpi-server", harness.clean_environment(**{**self.env, **env}))
        self.addCleanup(self.process.stop)
        self.process.wait_line(r"^Bodega \S+ listens on http://127\.0\.0\.1:%d" % port)
        self.log(r"config\.warning.*DEVPISERVER_PORT")

    def test_yaml_and_environment(self):
        self.init()
        first, second = free_port(), free_port()
        config = self.here / ".config/devpi-server/devpi-server.yml"
        config.parent.mkdir(parents=True)
        config.write_text("devpi-server:\n  serverdir: %s\n  listen:\n    - 127.0.0.1:%d\n    - 127.0.0.1:%d\n  outside-url: https://pypi.example.org\n" % (
            self.serverdir, first, second))
        env = {**self.env, "DEVPISERVER_RESTRICT_MODIFY": "root"}
        self.process = Process([SHIMS / "devpi-server"], self.here, "devpi-server", harness.clean_environment(**env))
        self.addCleanup(self.process.stop)
        self.process.wait_line(r"listens on http://127\.0\.0\.1:%d http://127\.0\.0\.1:%d" % (first, second))
        for port in (first, second):
            api = ask("http://127.0.0.1:%d/+api" % port, headers={"Accept": "application/json"}).json()
            self.assertEqual(api["result"]["login"], "https://pypi.example.org/+login")
        url = "http://127.0.0.1:%d" % first
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        self.assertEqual(ask(url + "/ann", "PUT", headers, '{"password": "x"}').status, 403)
        self.assertEqual(ask(url + "/ann", "PUT", {**headers, **basic("root", "")}, '{"password": "x"}').status, 201)

    def test_outside_url_of_a_proxy_on_this_machine(self):
        self.init()
        url = self.serve()
        # A proxy may cut the path or leave it.
        for outside, path, login in (("https://outside.example", "", "/+login"), ("https://outside.example/x", "", "/x/+login"),
                                     ("https://outside.example/x/", "/x", "/x/+login")):
            answer = ask(url + path + "/+api", headers={"Accept": "application/json", "X-Outside-Url": outside})
            self.assertEqual(answer.json()["result"]["login"], "https://outside.example" + login)
        self.process.stop()
        url = self.serve("--outside-url", "https://outside.example/x/y")
        for path in ("", "/x/y"):
            self.assertEqual(ask(url + path + "/+api", headers={"Accept": "application/json"}).json()["result"]["login"], "https://outside.example/x/y/+login")
            page = ask(url + path + "/root/pypi/+simple/six/", headers={"Accept": harness.JSON_TYPE})
            self.assertEqual((page.status, page.json()["name"]), (200, "six"))
        self.assertEqual(ask(url + "/x/root/pypi/+simple/six/", headers={"Accept": harness.JSON_TYPE}).status, 404)

    def test_an_empty_password_beyond_loopback_is_told(self):
        self.init()
        port = free_port()
        command = [SHIMS / "devpi-server", "--serverdir", self.serverdir, "--host", "0.0.0.0", "--port", port]
        self.process = Process(command, self.here, "devpi-server", harness.clean_environment(**self.env))
        self.addCleanup(self.process.stop)
        self.process.wait_line(r"listens on http://0\.0\.0\.0:%d" % port)
        self.log(r"root\.password_empty")
        self.log(r"EMPTY PASSWORD")

    def test_a_given_password_beyond_loopback_is_not(self):
        self.init("--root-passwd", "given")
        port = free_port()
        command = [SHIMS / "devpi-server", "--serverdir", self.serverdir, "--host", "0.0.0.0", "--port", port]
        self.process = Process(command, self.here, "devpi-server", harness.clean_environment(**self.env))
        self.addCleanup(self.process.stop)
        self.process.wait_line(r"listens on http://0\.0\.0\.0:%d" % port)
        self.assertEqual(self.login("http://127.0.0.1:%d" % port, "given"), 200)
        self.assertNotIn("password_empty", self.process.errors())

    def test_secret(self):
        self.init("--root-passwd", "x")
        secret = self.here / "secret"
        code, _, said = call("devpi-gen-secret", "--secretfile", secret)
        self.assertEqual(code, 0, said)
        self.assertEqual(stat.S_IMODE(secret.stat().st_mode), 0o600)
        content = secret.read_bytes()
        self.assertGreaterEqual(len(content), 32)
        self.assertEqual(call("devpi-gen-secret", "--secretfile", secret)[0], 0)
        self.assertEqual(secret.read_bytes(), content, "it stays")

        def token(url):
            answer = ask(url + "/+login", "POST", {"Accept": "application/json"}, '{"user": "root", "password": "x"}')
            return answer.json()["result"]["password"]

        def counts(url, password):
            answer = ask(url + "/+api", headers={"Accept": "application/json", **basic("root", password)})
            return answer.json()["result"]["authstatus"][0] == "ok"
        url = self.serve("--secretfile", secret)
        mine = token(url)
        self.assertTrue(counts(url, mine))
        self.process.stop()
        self.assertTrue(counts(self.serve("--secretfile", secret), mine), "logins last over a restart")
        self.process.stop()
        call("devpi-gen-secret", "--secretfile", self.here / "other")
        self.assertFalse(counts(self.serve("--secretfile", self.here / "other"), mine), "another secret ends all logins")
        self.process.stop()
        secret.chmod(0o644)
        for file, pattern in ((secret, "accessible to everybody"), (self.here / "none", "cannot be read")):
            code, _, said = call("devpi-server", "--serverdir", self.serverdir, "--port", free_port(), "--secretfile", file, env=self.env)
            self.assertEqual(code, 2, said)
            self.assertIn(pattern, said)

    def hash_of(self, password):
        """An Argon2 hash, out of a data directory made for it."""
        made = self.here / "for-a-hash"
        code, _, said = call("devpi-init", "--serverdir", made, "--root-passwd", password, env=self.env)
        self.assertEqual(code, 0, said)
        content = b"".join(p.read_bytes() for p in made.glob("catalog.db*"))
        return re.search(rb"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+", content).group(0).decode()

    def dump(self, **indexes):
        """What devpi-export writes: root and an index ann/dev with one wheel."""
        folder = self.here / "dump"
        filename, content = packages.make_wheel("acme-dump", "1.0")
        path = folder / "ann/dev/acme-dump/1.0" / filename
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        password = self.hash_of("from the dump")
        file = {"type": "releasefile", "projectname": "acme-dump", "version": "1.0", "relpath": str(path.relative_to(folder)), "log": [],
                "entrymapping": {"hash_spec": "sha256=" + digest, "hashes": {"sha256": digest}, "project": "acme-dump", "version": "1.0"}}
        stage = {"type": "stage", "volatile": True, "bases": [], "acl_upload": ["ann"]}
        (folder / "dataindex.json").write_text(json.dumps({
            "dumpversion": "2", "pythonversion": [3, 11], "devpi_server": "6.20.3",
            "users": {name: {"username": name, "pwhash": password} for name in ("root", "ann")},
            "indexes": {"ann/dev": {"indexconfig": stage, "projects": {"acme-dump": {"1.0": {"name": "acme-dump", "version": "1.0"}}}, "files": [file]},
                        **indexes}}))
        return folder, filename, content

    def test_import(self):
        folder, filename, content = self.dump()
        code, said, wrong = call("devpi-import", "--serverdir", self.serverdir, "--no-events", "--root-passwd", "not this", folder, env=self.env)
        self.assertEqual(code, 0, said + wrong)
        self.assertIn("--no-events has no effect", wrong)
        url = self.serve()
        self.assertEqual((self.login(url, "from the dump"), self.login(url, "not this")), (200, 401))
        page = ask(url + "/ann/dev/+simple/acme-dump/", headers={"Accept": harness.JSON_TYPE}).json()
        self.assertEqual([f["filename"] for f in page["files"]], [filename])
        # devpi-import makes root/pypi where the dump has none.
        self.assertEqual(ask(url + "/root/pypi", headers={"Accept": "application/json"}).status, 200)
        self.process.stop()
        code, _, said = call("devpi-import", "--serverdir", self.serverdir, folder, env=self.env)
        self.assertEqual(code, 1)
        self.assertIn("already initialised", said)

    def test_export_and_import(self):
        folder, filename, content = self.dump()
        self.assertEqual(call("devpi-import", "--serverdir", self.serverdir, folder, env=self.env)[0], 0)
        code, said, wrong = call("devpi-export", "--serverdir", self.serverdir, "--include-mirrored-files", "out", env=self.env, cwd=self.here)
        self.assertEqual(code, 0, said + wrong)
        written = json.loads((self.here / "out/dataindex.json").read_text())
        self.assertEqual(written["dumpversion"], "2")
        self.serverdir = self.here / "again"
        code, said, wrong = call("devpi-import", "--serverdir", self.serverdir, "--hard-links", "out", env=self.env, cwd=self.here)
        self.assertEqual(code, 0, said + wrong)
        url = self.serve()
        self.assertEqual(self.login(url, "from the dump"), 200)
        page = ask(url + "/ann/dev/+simple/acme-dump/", headers={"Accept": harness.JSON_TYPE}).json()
        self.assertEqual([(f["filename"], f["hashes"]["sha256"]) for f in page["files"]], [(filename, hashlib.sha256(content).hexdigest())])

    def test_import_without_root_pypi(self):
        mirror = {"type": "mirror", "volatile": False, "mirror_url": "http://127.0.0.1:9/simple/"}
        folder, _, _ = self.dump(**{"root/pypi": {"indexconfig": mirror, "projects": {}, "files": []}})
        code, said, wrong = call("devpi-import", "--serverdir", self.serverdir, "--no-root-pypi", folder, env=self.env)
        self.assertEqual(code, 0, said + wrong)
        url = self.serve()
        self.assertEqual(ask(url + "/root/pypi", headers={"Accept": "application/json"}).status, 404)
        self.assertEqual(ask(url + "/ann/dev", headers={"Accept": "application/json"}).status, 200)

    def test_import_of_what_is_no_dump(self):
        code, _, said = call("devpi-import", "--serverdir", self.serverdir, self.here, env=self.env)
        self.assertEqual(code, 2, said)
        self.assertIn("dataindex.json", said)

    def test_fsck(self):
        self.init()
        code, said, _ = call("devpi-fsck", "--serverdir", self.serverdir, "--no-checksum", env=self.env)
        self.assertEqual(code, 0, said)
        self.assertIn("files checked", said)

    def test_a_real_devpi_beside_it_is_not_touched(self):
        """The names are links to the one program, so that they can be copied with it or left out."""
        for path in SHIMS.iterdir():
            self.assertTrue(path.is_symlink())
            self.assertEqual(pathlib.Path(os.path.realpath(path)), harness.BINARY.resolve())


class Client(harness.Case):
    """The devpi client against what devpi-init and devpi-server made of the program."""

    @classmethod
    def world(cls):
        harness.shared("clients/make-venv")
        cls.client = Venv(cls.directory / "client", ["devpi-client"])
        cls.serverdir, cls.port = cls.directory / "server", free_port()
        env = harness.clean_environment(HOME=cls.directory, BODEGA_OFFLINE="on")
        harness.run([SHIMS / "devpi-init", "--serverdir", cls.serverdir], env=env)
        cls.server = Process([SHIMS / "devpi-server", "--serverdir", cls.serverdir, "--host", "localhost", "--port", cls.port], cls.directory, "server", env)
        cls.addClassCleanup(cls.server.stop)
        cls.server.wait_line(r"listens on")

    def devpi(self, command, *args):
        env = {"NO_COLOR": 1, "COLUMNS": 200, "PIP_CONFIG_FILE": self.directory / "pip.conf"}
        return self.client.run("devpi", command, "--clientdir", self.directory / "state", *args, env=env).stdout

    def test_use_login_upload(self):
        url = "http://localhost:%d" % self.port
        self.assertIn("not logged in", self.devpi("use", url))
        self.assertIn("logged in 'root'", self.devpi("login", "root", "--password="))
        self.devpi("index", "-c", "root/dev", "volatile=True")
        self.devpi("use", "root/dev")
        filename, content = packages.make_wheel("acme-shim", "1.0")
        (self.directory / filename).write_bytes(content)
        self.assertIn("file_upload of " + filename, self.devpi("upload", self.directory / filename))
        page = ask(url + "/root/dev/+simple/acme-shim/", headers={"Accept": harness.JSON_TYPE}).json()
        self.assertEqual([f["filename"] for f in page["files"]], [filename])


if __name__ == "__main__":
    harness.main()
