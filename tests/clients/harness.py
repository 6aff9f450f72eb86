"""What the end-to-end tests stand on: the real server and an upstream as processes of their own, plain HTTP, virtual environments.

BODEGA_BINARY is the program under test (default: build/release/bodega). The upstream is ../shared/origin/origin.py where there is one
(BODEGA_SHARED or the folder beside the clone), else tests/origin/mini_origin.py. Everything is bounded in time; every process is ended by
its own id; temporary directories go.
"""
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = "/usr/bin/python3"
SKIPPED = 77  # what ctest takes for "skipped"
BINARY = pathlib.Path(os.environ.get("BODEGA_BINARY") or ROOT / "build/release/bodega")
SHARED = pathlib.Path(os.environ.get("BODEGA_SHARED") or ROOT.parent / "shared")
ROOT_PASSWORD = "correct horse battery"
JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
PIP_ACCEPT = JSON_TYPE + ", " + HTML_TYPE + "; q=0.1, text/html; q=0.01"
UV_ACCEPT = JSON_TYPE + ", " + HTML_TYPE + ";q=0.2, text/html;q=0.01"
# A machine that is busy with a build starts processes slowly; nothing here waits this long when all is well.
PATIENCE = float(os.environ.get("BODEGA_PATIENCE", "60"))

sys.path.insert(0, str(ROOT / "tests/origin"))
import packages  # noqa: E402  (beside mini_origin.py)


def shared(path):
    """A file of ../shared, or the test is skipped by name."""
    found = SHARED / path
    if not found.exists():
        raise unittest.SkipTest("needs ../shared/" + path)
    return found


def clean_environment(**more):
    """Ours without what would lead clients or the server elsewhere."""
    gone = re.compile(r"^(PIP_|UV_|TWINE_|DEVPI_|BODEGA_|XDG_|(HTTPS?|ALL|NO)_PROXY$|PYTHON|VIRTUAL_ENV|NETRC|STATE_DIRECTORY|NOTIFY_)", re.I)
    kept = {k: v for k, v in os.environ.items() if not gone.match(k)}
    kept.update({k: str(v) for k, v in more.items()})
    return kept


def wait_for(holds, seconds=None, what="the condition"):
    """Polls until holds() is true; its value."""
    end = time.monotonic() + (PATIENCE if seconds is None else seconds)
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("%s did not come true in time" % what)
        time.sleep(0.02)


class Process:
    """A process in a group of its own, with its output in files. It dies with the test, also when that is killed."""

    running = []

    def __init__(self, command, directory, name, env):
        self.stdout_path, self.stderr_path = directory / (name + ".out"), directory / (name + ".err")
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as err:
            self.from_here = out.tell()
            # setpriv becomes the command itself, so the id is the command's.
            command = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", *map(str, command)]
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env,
                                          cwd=directory, start_new_session=True)
        self.running.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def output(self):
        return self.stdout_path.read_bytes()[self.from_here:].decode(errors="replace")

    def errors(self):
        return self.stderr_path.read_text(errors="replace")

    def wait_line(self, pattern):
        def look():
            found = re.search(pattern, self.output(), re.M)
            if not found and self.popen.poll() is not None:
                raise RuntimeError("ended with %s before it said %r:\n%s" % (self.popen.returncode, pattern, self.errors()[-3000:]))
            return found
        return wait_for(look, what=pattern)

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)

    def stop(self, seconds=20):
        """SIGTERM and the exit code; SIGKILL when that does not help."""
        if self.popen.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.popen.returncode

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait(20)


class Answer:
    def __init__(self, status, reason, headers, body, seconds):
        self.status, self.reason, self.headers, self.body, self.seconds = status, reason, headers, body, seconds

    def __getitem__(self, name):
        return self.headers.get(name)

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def sha256(self):
        return hashlib.sha256(self.body).hexdigest()

    def __repr__(self):
        return "<%s %s %s %r>" % (self.status, self.reason, dict(self.headers.items()), self.body[:300])


class Broken(Exception):
    """The connection ended before the answer was whole: what a client sees as a failed download."""

    def __init__(self, why, status=None, body=b""):
        super().__init__(why)
        self.status, self.body = status, body


def ask(url, method="GET", headers=None, body=None, timeout=60):
    """One request on a connection of its own. No redirects, no decoding. Broken when the answer does not end as it said."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    began, status, content = time.monotonic(), None, bytearray()
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        status = response.status
        while piece := response.read1(1 << 20):  # by pieces, so that a reset does not hide what came before it
            content += piece
        if response.length:
            raise Broken("cut off after %d bytes, %d are missing" % (len(content), response.length), status, bytes(content))
        return Answer(status, response.reason, response.headers, bytes(content), time.monotonic() - began)
    except (http.client.HTTPException, OSError) as error:
        raise Broken("%s: %s" % (type(error).__name__, error), status, bytes(content)) from None
    finally:
        connection.close()


def basic(user, password):
    import base64
    return {"Authorization": "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()}


class Origin:
    """The upstream. `mini` True: our own stand-in even where ../shared is."""

    def __init__(self, directory, mini=False, args=()):
        script = SHARED / "origin/origin.py"
        self.is_mini = mini or not script.exists()
        if self.is_mini:
            script = ROOT / "tests/origin/mini_origin.py"
        self.script, self.args, self.directory, self.port = script, ["--only-held", *args], directory, 0
        self.start()

    def start(self):
        """Again on the same port after stop()."""
        command = [PYTHON, "-u", self.script, "--port", self.port, *self.args]
        self.process = Process(command, self.directory, "origin", clean_environment(PYTHONDONTWRITEBYTECODE=1))
        self.url = self.process.wait_line(r"^ORIGIN (http://\S+)").group(1)
        self.port = urllib.parse.urlsplit(self.url).port

    @property
    def index(self):
        return self.url + "/simple/"

    def control(self, **knobs):
        answer = ask(self.url + "/_control", "POST", body=json.dumps(knobs))
        assert answer.status == 200, answer
        return answer.json()

    def reset(self, **knobs):
        return self.control(reset=True, **knobs)

    def log(self, clear=False):
        return ask(self.url + "/_log" + ("?clear=1" if clear else "")).json()

    def asked(self, pattern=""):
        """The paths that were asked for, in order."""
        return [entry["path"] for entry in self.log() if re.search(pattern, urllib.parse.unquote(entry["path"]))]

    def page(self, project):
        """The project's page as the origin has it, links absolute."""
        answer = ask(self.index + project + "/", headers={"Accept": JSON_TYPE, "Accept-Encoding": "identity"})
        assert answer.status == 200, answer
        return answer.json()

    def file(self, project, pattern):
        """(entry of the page, its bytes) of the first file whose name fits; asked of the origin itself."""
        for entry in self.page(project)["files"]:
            if re.search(pattern, entry["filename"]):
                body = ask(entry["url"]).body
                assert hashlib.sha256(body).hexdigest() == entry["hashes"]["sha256"]
                return entry, body
        raise LookupError("%s has no file like %s" % (project, pattern))

    def stop(self):
        self.process.stop()


class Bodega:
    """The server. `directory` holds its data and its logs and stays; start() and stop() as often as wanted."""

    def __init__(self, directory, upstream, args=(), env=None, start=True):
        self.directory, self.data = directory, directory / "data"
        self.upstream, self.args, self.port, self.process = upstream, list(args), 0, None
        self.env = {"BODEGA_ROOT_PASSWORD": ROOT_PASSWORD, **(env or {})}
        if start:
            self.start()

    def command(self):
        return [BINARY, "serve", "--listen", "127.0.0.1:%d" % self.port, "--data", self.data, "--upstream", self.upstream, *self.args]

    def launch(self):
        """Starts and does not wait."""
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        self.process = Process(self.command(), self.directory, "bodega", clean_environment(HOME=home, **self.env))
        return self.process

    def start(self):
        self.launch()
        self.url = self.process.wait_line(r"^Bodega \S+ listens on (http://127\.0\.0\.1:\d+)").group(1)
        self.port = urllib.parse.urlsplit(self.url).port  # the same one after a restart
        return self

    @property
    def index(self):
        return self.url + "/root/pypi/+simple/"

    def stop(self, seconds=20):
        return self.process.stop(seconds) if self.process else None

    def kill(self):
        self.process.kill()

    def log(self):
        """All it has logged; lines are written by a thread of their own, so a moment is waited until no more come."""
        before = None
        while (now := self.process.errors()) != before:
            before = now
            time.sleep(0.1)
        return now

    def get(self, path, headers=None, **more):
        return ask(self.url + path, headers=headers, **more)

    def page(self, project, index="root/pypi", **headers):
        return ask("%s/%s/+simple/%s/" % (self.url, index, project), headers={"Accept": JSON_TYPE, **headers})

    def link(self, project, pattern, index="root/pypi"):
        """(absolute URL, entry) of the first file on the page whose name fits."""
        answer = self.page(project, index)
        assert answer.status == 200, answer
        for entry in answer.json()["files"]:
            if re.search(pattern, entry["filename"]):
                return urllib.parse.urljoin("%s/%s/+simple/%s/" % (self.url, index, project), entry["url"]), entry
        raise LookupError("no file like %s on the page of %s" % (pattern, project))

    def api(self, method, path, body=None, user="root", password=ROOT_PASSWORD, **headers):
        known = basic(user, password) if user else {}
        data = None if body is None else json.dumps(body)
        return ask(self.url + path, method, {"Accept": "application/json", "Content-Type": "application/json", **known, **headers}, data)

    def make_user(self, name, password="pw-" + "x" * 8):
        answer = self.api("PUT", "/" + name, {"password": password, "email": name + "@example.org"})
        assert answer.status == 201, answer
        return password

    def make_index(self, name, **options):
        answer = self.api("PUT", "/" + name, {"type": "stage", **options})
        assert answer.status == 200, answer

    def fsck(self, *args):
        """(exit code, output) of `bodega fsck`; the server must not run."""
        done = subprocess.run([BINARY, "fsck", "--data", self.data, *args], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env=clean_environment(HOME=self.directory))
        return done.returncode, done.stdout + done.stderr


def form(fields, filename=None, content=b"", boundary="----boundary-of-a-test"):
    """(headers, body) of a multipart form as twine sends it."""
    out = []
    for name, value in fields:
        out.append(('--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (boundary, name, value)).encode())
    if filename is not None:
        head = '--%s\r\nContent-Disposition: form-data; name="content"; filename="%s"\r\nContent-Type: application/octet-stream\r\n\r\n'
        out.append((head % (boundary, filename)).encode() + content + b"\r\n")
    out.append(("--%s--\r\n" % boundary).encode())
    return {"Content-Type": "multipart/form-data; boundary=" + boundary}, b"".join(out)


def upload_fields(name, version, content, kind="bdist_wheel"):
    return [(":action", "file_upload"), ("protocol_version", "1"), ("metadata_version", "2.1"), ("name", name), ("version", version),
            ("filetype", kind), ("pyversion", "py3"), ("summary", "made for a test"),
            ("sha256_digest", hashlib.sha256(content).hexdigest()), ("md5_digest", hashlib.md5(content).hexdigest())]


class Venv:
    """A fresh virtual environment, empty. Debian's pip works on it from an environment of its own, which takes most of the time to make."""

    pip_home = None

    def __init__(self, path, clients=()):
        self.path, self.bin = path, path / "bin"
        if clients:
            run([shared("clients/make-venv"), path, *clients], env=clean_environment(PYTHON=PYTHON))
        else:
            run([PYTHON, "-m", "venv", "--without-pip", path])

    @classmethod
    def pip_program(cls):
        if cls.pip_home is None:
            cls.pip_home = tempfile.TemporaryDirectory(prefix="bodega-pip-")
            run([PYTHON, "-m", "venv", cls.pip_home.name])
        return pathlib.Path(cls.pip_home.name) / "bin/pip"

    def run(self, *command, check=True, env=None, **more):
        return run([self.bin / command[0], *command[1:]], check=check, env=clean_environment(HOME=self.path, **(env or {})), **more)

    def pip(self, *args, check=True, **env):
        base = {"PIP_NO_CACHE_DIR": 1, "PIP_DISABLE_PIP_VERSION_CHECK": 1, "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INPUT": 1}
        command = [self.pip_program(), "--python", self.path, *args]
        return run(command, check=check, env=clean_environment(HOME=self.path, **{**base, **env}))

    def installed(self):
        """{name: version} without what every environment has."""
        script = ("import importlib.metadata as m, json; "
                  "print(json.dumps({d.metadata['Name'].lower().replace('_', '-'): d.version for d in m.distributions()}))")
        found = json.loads(self.run("python", "-c", script).stdout)
        return {k: v for k, v in found.items() if k not in ("pip", "setuptools", "wheel")}


def run(command, check=True, env=None, timeout=300, **more):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, env=env or clean_environment(), **more)
    if check and done.returncode != 0:
        raise AssertionError("%s ended with %d:\n%s" % (" ".join(map(str, command)), done.returncode, done.stdout[-6000:]))
    return done


class Case(unittest.TestCase):
    """A test class with a directory of its own; `world()` is called once for the class."""

    directories = []

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="bodega-%s-" % cls.__name__.lower()))
        Case.directories.append(cls.directory)
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.servers = []
        cls.addClassCleanup(cls.stop_all)
        cls.world()

    @classmethod
    def world(cls):
        """The default: an upstream and a server in front of it."""
        cls.origin = cls.make_origin()
        cls.bodega = cls.make_bodega(cls.origin.index)

    @classmethod
    def make_origin(cls, name="origin", **options):
        folder = cls.directory / name
        folder.mkdir()
        origin = Origin(folder, **options)
        cls.servers.append(origin)
        return origin

    @classmethod
    def make_bodega(cls, upstream="http://127.0.0.1:9/simple/", name="server", **options):
        folder = cls.directory / name
        folder.mkdir()
        bodega = Bodega(folder, upstream, **options)
        cls.servers.append(bodega)
        return bodega

    @classmethod
    def stop_all(cls):
        for server in reversed(cls.servers):
            server.stop()

    def run(self, result=None):
        known = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > known:
            for server in self.servers:
                if isinstance(server, Bodega) and server.process:
                    print("---- last lines of the server, %s\n%s" % (server.directory.name, server.process.errors()[-2500:]), file=sys.stderr)

    def assertStatus(self, answer, status, message=""):
        if answer.status != status:
            self.fail("%s: wanted %s, got %r" % (message or "status", status, answer))


def in_threads(jobs, seconds=120):
    """Runs the callables at once; their results in order. The first exception is raised."""
    results, errors = [None] * len(jobs), []

    def work(number, job):
        try:
            results[number] = job()
        except BaseException as error:  # noqa: B902  (handed to the caller below)
            errors.append(error)
    threads = [threading.Thread(target=work, args=(n, job), daemon=True) for n, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            raise TimeoutError("work is not done after %d s" % seconds)
    if errors:
        raise errors[0]
    return results


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def interrupted(*_):
    raise KeyboardInterrupt


def skipped_names(test):
    """The test, or all tests of a class that was skipped as a whole."""
    whole = re.fullmatch(r"setUpClass \(__main__\.(\w+)\)", str(test))
    if not whole:
        return [test.id().removeprefix("__main__.")]
    names = unittest.defaultTestLoader.getTestCaseNames(getattr(sys.modules["__main__"], whole.group(1)))
    return ["%s.%s" % (whole.group(1), name) for name in names]


def main():
    """Runs the tests of the calling module; exit code 77 when all that there was had to be skipped."""
    if not os.access(BINARY, os.X_OK):
        print("SKIPPED: %s: there is no program at %s (tools/build release)" % (pathlib.Path(sys.argv[0]).name, BINARY))
        sys.exit(SKIPPED)
    signal.signal(signal.SIGTERM, interrupted)
    runner = unittest.TextTestRunner(verbosity=2, stream=sys.stdout)
    try:
        program = unittest.main(module="__main__", exit=False, testRunner=runner)
    finally:
        # Nothing is left of it when all went well.
        for process in Process.running:
            if process.popen.poll() is None:
                process.kill()
        for directory in Case.directories:
            shutil.rmtree(directory, ignore_errors=True)
    result = program.result
    for test, reason in result.skipped:
        for name in skipped_names(test):
            print("SKIPPED: %s: %s" % (name, reason))
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.skipped and len(result.skipped) >= max(1, result.testsRun) else 0)
