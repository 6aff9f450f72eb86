"""A devpi-server with everything in it that a migration could lose: users, indexes with bases, uploads in all shapes, documentation, test
results, history, deletions, plugin-like options, a mirror with cached files. Needs ../shared/clients (devpi-server, devpi-web, devpi-client).
"""
import base64
import concurrent.futures
import http.client
import io
import json
import pathlib
import sys
import urllib.parse
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import Process, Venv, clean_environment, packages, wait_for  # noqa: E402

PASSWORDS = {"root": "root secret", "alice": "alice secret", "bob": "pässwörd", "carol.x": "c"}
MIRRORED_PROJECTS, MIRRORED_VERSIONS = 20, 10
MIRROR, SECOND_MIRROR = "root/pypi", "carol.x/second"


class Api:
    """One server, over connections that are kept. Not for several threads at once."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=harness.PATIENCE)
        self.tokens = {}

    def ask(self, method, path, body=None, headers=None, user=None, statuses=(200, 201)):
        headers = dict(headers or {})
        if user:
            secret = self.tokens.get(user) or PASSWORDS[user]
            headers["X-Devpi-Auth"] = base64.b64encode(("%s:%s" % (user, secret)).encode()).decode()
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        headers.setdefault("Accept", "application/json")
        for last in (False, True):
            try:
                self.connection.request(method, urllib.parse.quote(path, safe="/+?=&%,:@"), body, headers)
                response = self.connection.getresponse()
                content = response.read()
                break
            except (http.client.HTTPException, OSError):
                # A kept connection may be gone.
                self.connection.close()
                if last or method != "GET":
                    raise
        answer = harness.Answer(response.status, response.reason, response.headers, content, 0)
        if statuses and answer.status not in statuses:
            raise AssertionError("%s %s%s: %r" % (method, self.url, path, answer))
        return answer

    def json(self, path, **more):
        return self.ask("GET", path, **more).json()

    def file(self, path, **more):
        """The bytes, not what there is to tell about them."""
        return self.ask("GET", path, headers={"Accept": "*/*"}, **more)

    def login(self, user):
        answer = self.ask("POST", "/+login", {"user": user, "password": PASSWORDS[user]})
        self.tokens[user] = answer.json()["result"]["password"]
        return self.tokens[user]

    def upload(self, user, index, file, name, version, action="file_upload", **fields):
        given = [(":action", action), ("name", name), ("version", version)]
        for key, value in {"metadata_version": "2.1", "summary": "made for a test", **fields}.items():
            given += [(key, v) for v in (value if isinstance(value, (list, tuple)) else [value])]
        headers, body = harness.form(given, *(file or ()))
        return self.ask("POST", "/%s/" % index, body, headers, user)


class Devpi:
    """devpi-server with devpi-web, made anew or from a dump."""

    def __init__(self, directory, venv, dump=None, args=()):
        self.directory, self.venv, self.args = directory, venv, list(args)
        directory.mkdir(exist_ok=True)
        self.data, self.process = directory / "server", None
        self.secret = directory / "secret"
        if not self.secret.exists():
            directory.chmod(0o700)
            self.secret.write_text("0123456789abcdefghijklmnopqrstuvwxyz\n")  # all of its bytes count
            self.secret.chmod(0o600)
        if dump:
            self.run("devpi-import", dump)
        elif not self.data.exists():
            self.run("devpi-init", "--no-root-pypi", "--root-passwd", PASSWORDS["root"])

    def run(self, command, *args, check=True):
        return self.venv.run(command, "--serverdir", self.data, *args, check=check)

    def start(self):
        port = harness.free_port()
        command = [self.venv.bin / "devpi-server", "--serverdir", self.data, "--secretfile", self.secret, "--port", port, "--threads", 8,
                   "--enable-core-metadata", "--request-timeout", 30, *self.args]
        self.process = Process(command, self.directory, "devpi", clean_environment(HOME=self.directory))
        self.url = "http://127.0.0.1:%d" % port

        def answers():
            if self.process.popen.poll() is not None:
                raise RuntimeError("devpi-server ended:\n" + (self.process.output() + self.process.errors())[-3000:])
            try:
                return harness.ask(self.url + "/+api", headers={"Accept": "application/json"}).status == 200
            except harness.Broken:
                return False
        wait_for(answers, what="devpi-server")
        return self

    def stop(self):
        if self.process:
            self.process.stop()


def doc_zip(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (("index.html", "<html><body>%s</body></html>" % text), ("sub/page.html", "<p>below</p>")):
            archive.writestr(zipfile.ZipInfo(name, packages.STAMP), content)
    return out.getvalue()


def tox_result(status):
    return {"toxversion": "4.0", "host": "h", "platform": "linux", "reportversion": "1",
            "testenvs": {"py311": {"python": {"version": "3.11"}, "test": [{"command": ["pytest"], "retcode": str(status), "output": "ö" * 300}]}}}


def mirrored_files(folder):
    """Small wheels for the upstream: 20 projects of 10 versions."""
    folder.mkdir()
    for number in range(MIRRORED_PROJECTS):
        for version in range(MIRRORED_VERSIONS):
            name, content = packages.make_wheel("mirrored_%02d" % number, "1.%d" % version, requires_python=">=3.%d" % (version % 9) if version else None)
            (folder / name).write_bytes(content)


class World:
    """Fills a devpi-server; remembers what must still be there afterwards."""

    def __init__(self, devpi, origin_index, state):
        self.devpi, self.origin_index, self.state = devpi, origin_index, state
        self.api = Api(devpi.url)
        self.uploads = 0
        for make in (self.users, self.indexes, self.uploads_of_alice, self.uploads_of_others, self.results_and_docs, self.history, self.mirrored):
            make()

    # ---- users and indexes ----

    def users(self):
        api = self.api
        api.login("root")
        more = {"alice": {"email": "alice@example.org", "title": "Doctor", "custom_data": {"team": ["a", "b"], "ü": None}},
                "bob": {"email": "bob@example.org", "description": "several\nlines, ünïcödé"}, "carol.x": {}}
        for name, profile in more.items():
            api.ask("PUT", "/" + name, {"password": PASSWORDS[name], **profile})
            api.login(name)
        api.ask("PATCH", "/bob", {"title": "changed later"}, user="bob")
        # Gone again: nothing of it may come back.
        api.ask("PUT", "/gone", {"password": "x", "email": ""})
        api.ask("PUT", "/gone/dev", {"type": "stage"}, user="root")
        api.ask("DELETE", "/gone", user="root")

    def indexes(self):
        put = lambda name, user, **options: self.api.ask("PUT", "/" + name, options, user=user)  # noqa: E731
        put(MIRROR, "root", type="mirror", mirror_url=self.origin_index, title="PyPI", volatile=False,
            mirror_web_url_fmt="https://example.org/{name}/", mirror_provides_core_metadata=True)
        put("alice/prod", "alice", type="stage", volatile=False, bases=[MIRROR], acl_upload=["alice", "bob"], mirror_whitelist=["mirrored-00"])
        put("alice/dev", "alice", type="stage", bases=["alice/prod"], acl_toxresult_upload=[":AUTHENTICATED:"], custom_data={"a": [1, None, "ü"]},
            title="What Alice works on")
        put("bob/all", "bob", type="stage", bases="alice/dev,root/pypi", mirror_whitelist="*", mirror_whitelist_inheritance="union",
            description="all of it", volatile="yes")
        put("carol.x/solo", "carol.x", type="stage", bases=[], acl_upload=[":ANONYMOUS:"])
        put(SECOND_MIRROR, "carol.x", type="mirror", mirror_url=self.origin_index, mirror_cache_expiry=86400, mirror_no_project_list=True)
        self.api.ask("PUT", "/alice/brief", {"type": "stage"}, user="alice")
        self.api.ask("DELETE", "/alice/brief", user="alice")
        self.api.ask("PATCH", "/alice/dev", ["acl_upload+=bob", "mirror_whitelist+=Mirrored.01"], user="alice")

    # ---- what was uploaded ----

    def upload(self, user, index, file, name, version, **fields):
        self.api.upload(user, index, file, name, version, **fields)
        self.uploads += 1

    def uploads_of_alice(self):
        for name in ("Acme.Tool", "under_score", "plain"):
            for version in ("1.0", "1.1", "2.0a1", "2.0"):
                wheel, sdist = packages.make_wheel(name, version), packages.make_sdist(name, version)
                fields = {"requires_python": ">=3.8", "classifiers": ["License :: OSI Approved", "Topic :: Software"], "author": "Älice",
                          "description": "# Heading\n\nüöä <&>\n" * 40, "description_content_type": "text/markdown", "keywords": "a,b",
                          "project_urls": ["Home, https://example.org/", "Docs, https://example.org/d"], "license": "MIT"}
                self.upload("alice", "alice/dev", wheel, name, version, **fields)
                self.upload("alice", "alice/dev", sdist, name, version, **fields)
        for version in ("1.0", "1.1.post1", "2!1.0", "1.0+local.1"):
            file = packages.make_wheel("odd-versions", version)
            self.upload("bob", "alice/prod", file, "odd-versions", version, requires_python="")
        # A release without a file, and one whose metadata was sent again.
        self.api.upload("alice", "alice/dev", None, "registered", "0.1", action="submit", home_page="https://example.org/")
        self.api.upload("alice", "alice/dev", None, "plain", "1.0", action="submit", summary="told again", author="somebody")

    def uploads_of_others(self):
        """With the devpi client, as people do it."""
        folder = self.state / "dist"
        folder.mkdir(parents=True)
        for name, content in (packages.make_wheel("from-client", "1.0", ["plain"]), packages.make_sdist("from-client", "1.0"),
                              packages.make_wheel("from-client", "1.1"), packages.make_wheel("plain", "3.0")):
            (folder / name).write_bytes(content)
            self.uploads += 1
        self.client("use", self.devpi.url)
        self.client("login", "bob", "--password=" + PASSWORDS["bob"])
        self.client("use", "bob/all")
        self.client("upload", "--from-dir", folder)
        # Anybody may, and nobody is told as the uploader.
        self.upload(None, "carol.x/solo", packages.make_sdist("nobodys", "0.1"), "nobodys", "0.1")
        for number in range(6):
            self.upload("carol.x", "carol.x/solo", packages.make_wheel("many", "0.%d" % number), "many", "0.%d" % number)

    def client(self, command, *args):
        env = {"NO_COLOR": 1, "COLUMNS": 200, "PIP_CONFIG_FILE": self.state / "pip.conf", "PIP_DISABLE_PIP_VERSION_CHECK": 1}
        return self.devpi.venv.run("devpi", command, "--clientdir", self.state / "client", *args, env=env).stdout

    # ---- what stands beside releases ----

    def file_of(self, index, project, version, ending):
        for link in self.api.json("/%s/%s/%s?ignore_bases" % (index, project, version))["result"]["+links"]:
            if link["rel"] == "releasefile" and link["href"].endswith(ending):
                return urllib.parse.urlsplit(link["href"]).path
        raise LookupError((index, project, version, ending))

    def results_and_docs(self):
        for version, status in (("1.0", 0), ("1.0", 1), ("1.1", 0)):
            self.api.ask("POST", self.file_of("alice/dev", "acme-tool", version, ".whl"), tox_result(status), user="alice")
        self.api.ask("POST", self.file_of("alice/dev", "plain", "1.0", ".tar.gz"), tox_result(0), user="bob")
        self.api.ask("POST", self.file_of("carol.x/solo", "many", "0.1", ".whl"), tox_result(0))
        for index, user, name, version in (("alice/dev", "alice", "Acme.Tool", "1.0"), ("alice/dev", "alice", "Acme.Tool", "1.1"),
                                           ("alice/prod", "bob", "odd-versions", "2!1.0"), ("carol.x/solo", "carol.x", "many", "0.1")):
            self.api.upload(user, index, ("%s-%s.zip" % (name, version), doc_zip(name + version)), name, version, action="doc_upload")
        # Documentation is given again; the last counts.
        self.api.upload("alice", "alice/dev", ("Acme.Tool-1.1.zip", doc_zip("second")), "Acme.Tool", "1.1", action="doc_upload")

    def history(self):
        # Pushed: with its files, its documentation, its results, and a log that says so.
        for name, version in (("Acme.Tool", "1.0"), ("plain", "1.0"), ("under_score", "2.0")):
            self.api.ask("PUSH", "/alice/dev", {"name": name, "version": version, "targetindex": "alice/prod"}, user="alice")
        self.client("push", "from-client==1.0", "alice/prod")
        # Overwritten twice on the volatile index.
        for marker in ("second", "third"):
            self.upload("alice", "alice/dev", packages.make_wheel("plain", "1.1", marker=marker), "plain", "1.1")
        # Deleted: a file, a version, a project.
        self.api.ask("DELETE", self.file_of("alice/dev", "under-score", "1.0", ".tar.gz"), user="alice")
        self.api.ask("DELETE", "/alice/dev/under-score/1.1", user="alice")
        self.upload("alice", "alice/dev", packages.make_wheel("short-lived", "1.0"), "short-lived", "1.0")
        self.api.ask("DELETE", "/alice/dev/short-lived", user="alice")

    # ---- the mirrors ----

    def mirrored(self):
        """Fetches 200 files through the first mirror and a few through the second."""
        urls = [url for number in range(MIRRORED_PROJECTS) for url in self.links(MIRROR, "mirrored-%02d" % number)]
        urls += self.links(SECOND_MIRROR, "six")
        # Their pages only.
        for name in self.api.json("/" + MIRROR)["result"]["projects"]:
            self.links(MIRROR, name)
            self.links(SECOND_MIRROR, name)
        self.lock_file = {}
        local = [Api(self.devpi.url) for _ in range(4)]

        def fetch(number):
            return [(url, local[number].file(url).sha256()) for url in urls[number::len(local)]]
        with concurrent.futures.ThreadPoolExecutor(len(local)) as pool:
            for part in pool.map(fetch, range(len(local))):
                self.lock_file.update(part)
        for index in ("alice/dev", "alice/prod", "bob/all", "carol.x/solo"):
            for name in self.api.json("/" + index)["result"]["projects"]:
                for url in self.links(index, name):
                    if url.startswith("/%s/" % index):
                        self.lock_file[url] = self.api.file(url).sha256()

    def links(self, index, project):
        """The paths of all files on a project's page."""
        path = "/%s/+simple/%s/" % (index, project)
        page = self.api.json(path, headers={"Accept": harness.JSON_TYPE})
        return [urllib.parse.urlsplit(urllib.parse.urljoin(self.api.url + path, f["url"])).path for f in page["files"]]
