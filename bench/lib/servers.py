"""The programs under measurement: the origin (upstream), Bodega, nginx with static files."""
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import urllib.parse

from lib.processes import Child, children_of, fail, wait_until

PROJECT = pathlib.Path(__file__).resolve().parents[2]
JSON_PAGE = "application/vnd.pypi.simple.v1+json"


def add_common_options(parser):
    parser.add_argument("--bodega", type=pathlib.Path, default=PROJECT / "build/release/bodega", help="binary to measure (build/release/bodega)")
    parser.add_argument("--origin", type=pathlib.Path, default=find_origin(), help="origin.py, the local stand-in for the package index")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--nice", type=int, default=0, help="niceness of servers and load tool, for a machine that others use too (root below 0)")


def find_origin():
    return pathlib.Path(os.environ.get("BODEGA_ORIGIN", PROJECT.parent / "shared/origin/origin.py"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path, headers=None, method="GET", timeout=120):
    """One request on a connection of its own: (status, headers with lower-case names, body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def ask(port, path, coding="identity"):
    """(seconds to the first byte of the body, seconds to the last, bytes) of one answer on a connection of its own."""
    buffer = bytearray(1 << 20)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {JSON_PAGE}, */*;q=0.1\r\nAccept-Encoding: {coding}\r\n"
                           "Connection: close\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                fail(f"{path}: the connection ended in the head")
            head += piece
        if b" 200 " not in head[:20]:
            fail(f"{path} answers {head[:200]!r}")
        size = len(head) - head.index(b"\r\n\r\n") - 4
        first = None if size == 0 else time.monotonic() - began
        while got := connection.recv_into(buffer):
            first = first or time.monotonic() - began
            size += got
    return first, time.monotonic() - began, size


def answers(port, path):
    try:
        return get(port, path, timeout=2)[0] < 500
    except (OSError, http.client.HTTPException):
        return False


class Origin(Child):
    """origin.py with made projects: `wide` and `big` map a name to its number of files or MiB."""

    def __init__(self, script, scratch, wide=None, big=None, names=0, flags=()):
        if not script.exists():
            fail(f"{script} is not there; --origin or BODEGA_ORIGIN says where origin.py is")
        port_file = scratch / "origin.port"
        port_file.unlink(missing_ok=True)
        command = ["python3", script, "--port", 0, "--port-file", port_file, "--no-log"]
        for option, projects in (("--wide", wide), ("--big", big)):
            for name, count in (projects or {}).items():
                command += [option, f"{name}:{count}"]
        if names:
            command += ["--names", names]
        command += flags
        super().__init__(command, scratch / "origin.log")

        def ready():
            self.check()
            text = port_file.read_text() if port_file.exists() else ""
            return int(text) if text.strip() and answers(int(text), "/_stats") else None

        self.wide, self.big = dict(wide or {}), dict(big or {})
        self.port = wait_until(ready, 120, "answer from the origin")

    def answered(self):
        """Requests answered so far, those of this program about itself not counted."""
        return json.loads(get(self.port, "/_stats")[2]).get("requests", 0)

    def control(self, **knobs):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/_control", body=json.dumps(knobs))
        connection.getresponse().read()
        connection.close()


class Bodega(Child):
    def __init__(self, options, scratch, upstream_port, data=None, extra=(), before=(), ttl="1h"):
        self.port = free_port()
        self.data = data or scratch / "data"
        self.log = scratch / "bodega.log"
        # With the default, a page is revalidated once an hour at most, so that the upstream has no part in warm figures.
        command = [*before, options.bodega, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.data, "--page-ttl-min", ttl,
                   "--page-ttl-max", ttl, "--upstream", f"http://127.0.0.1:{upstream_port}/simple/", *extra]
        super().__init__(command, self.log, core=options.server_core, nice=options.nice, grace=40)

    def wait_ready(self, seconds=60):
        def ready():
            self.check()
            return answers(self.port, "/+health/ready")

        wait_until(ready, seconds, "answer from bodega")
        return self

    def page_path(self, project):
        return f"/root/pypi/+simple/{project}/"

    def first_file(self, project):
        """Path of the first file on a project's page."""
        page = self.page_path(project)
        status, _, body = get(self.port, page, {"Accept": JSON_PAGE})
        if status != 200:
            fail(f"{page} answers {status}: {body[:300]!r}")
        return urllib.parse.urljoin(page, json.loads(body)["files"][0]["url"].partition("#")[0])

    def metric(self, name):
        """Of /+metrics, without labels; 0 when there is none of that name."""
        for line in get(self.port, "/+metrics")[2].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return 0.0

    def wait_hot(self, path, headers=None):
        """Asks until the answer comes out of the hot table (filled, durable, published): (headers, body)."""
        for _ in range(300):
            status, answer, body = get(self.port, path, headers)
            if status != 200:
                fail(f"{path} answers {status}: {body[:300]!r}")
            if answer.get("x-cache") == "hit" and "x-request-id" not in answer:  # which only the hot table leaves out
                return answer, body
            time.sleep(0.1)
        fail(f"{path} does not become hot: {answer}")


NGINX = """
worker_processes 1;
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log warn;
events {{ worker_connections 12000; }}
http {{
  types {{ application/vnd.pypi.simple.v1+json json; }}
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  etag on;
  gzip_static on;
  keepalive_requests 1000000;
  keepalive_timeout 3600;
  open_file_cache max=1000 inactive=3600;
  open_file_cache_valid 3600;
  access_log {access_log};
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}/html; }}
}}
"""


class Nginx(Child):
    """Static files of `scratch`/html. `access_log` is nginx's value of that directive."""

    def __init__(self, options, scratch, access_log="off"):
        if not shutil.which("nginx"):
            fail("nginx is not installed (apt install nginx-light)")
        self.port = free_port()
        config = scratch / "nginx.conf"
        config.write_text(NGINX.format(root=scratch, access_log=access_log, port=self.port))
        # The workers run as another user, who must be able to walk here.
        for directory in (scratch, scratch / "html"):
            directory.chmod(0o755)
        super().__init__(["nginx", "-p", scratch, "-c", config, "-e", scratch / "error.log"], scratch / "nginx.log",
                         core=options.server_core, nice=options.nice)

        def ready():
            self.check()
            return answers(self.port, "/") and children_of(self.pid)

        self.worker = wait_until(ready, 20, "answer from nginx")[0]


def nginx_version():
    return re.sub(r"^.*: ", "", subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.strip())
