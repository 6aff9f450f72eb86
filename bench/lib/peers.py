"""What people would run instead of Bodega, each before the same origin, behind one face: where a project's page and files are, which
process tree to count. Those of ../shared/clients are installed into the scratch directory; the rest is Debian's nginx."""
import base64
import json
import os
import pathlib
import re
import subprocess
import urllib.parse

from lib.processes import Child, fail, tree_of, wait_until
from lib.servers import JSON_PAGE, Bodega, answers, free_port, get

HTML_PAGE = "text/html"
NGINX_HEAD = """
worker_processes 1;
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log warn;
events {{ worker_connections 12000; }}
http {{
  types {{ application/vnd.pypi.simple.v1+json json; text/html html; }}
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  etag on;
  keepalive_requests 1000000;
  keepalive_timeout 3600;
  access_log {access_log};
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
  uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
"""
# zstd has no module of nginx: the compressed bytes are a file of their own with the header that belongs to them.
NGINX_STATIC = NGINX_HEAD + """
  gzip_static on;
  open_file_cache max=1000 inactive=3600;
  open_file_cache_valid 3600;
  server {{
    listen 127.0.0.1:{port};
    root {root}/html;
    location ~ \\.zst$ {{ gzip_static off; add_header Content-Encoding zstd; }}
  }}
}}
"""
NGINX_CACHE = NGINX_HEAD + """
  proxy_cache_path {root}/cache levels=1:2 keys_zone=all:10m max_size=4g inactive=1d use_temp_path=off;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache all;
      proxy_cache_key $uri$http_accept$http_accept_encoding;
      proxy_cache_valid 200 1h;
      proxy_ignore_headers Cache-Control Expires Vary;
      proxy_cache_lock on;
    }}
  }}
}}
"""


class Peer:
    """One server: `child` is its process, whose whole tree is counted."""

    name = "?"
    hosts_uploads_only = False  # no upstream: what it serves is put beside it

    def __init__(self, child, port):
        self.child, self.port = child, port

    def stop(self):
        self.child.stop()

    def pids(self):
        return tree_of(self.child.pid)

    def page(self, project):
        return f"/simple/{project}/"

    def request(self, row):
        """(path, headers) that ask for what the row is about, warm when asked twice; None when this server has no such thing."""
        headers = dict(row.headers)
        if row.kind == "page":
            return self.page(row.project), headers
        path = self.first_file(row.project)
        if path is None:
            return None
        return path + (".metadata" if row.kind == "metadata" else ""), headers

    def first_file(self, project):
        """Path of the first file on the project's page, JSON or HTML."""
        page = self.page(project)
        status, headers, body = get(self.port, page, {"Accept": f"{JSON_PAGE}, text/html;q=0.1"})
        if status != 200:
            return None
        if "json" in headers.get("content-type", ""):
            links = [file["url"] for file in json.loads(body)["files"]]
        else:
            links = re.findall(r'<a[^>]*href="([^"]+)"', body.decode())
        links = [link for link in links if re.search(r"\.(whl|tar\.gz|zip)(#|$)", link)]
        if not links:
            return None
        url = urllib.parse.urlsplit(urllib.parse.urljoin(f"http://127.0.0.1:{self.port}{page}", links[0]))
        return url.path + (f"?{url.query}" if url.query else "")


class BodegaPeer(Peer):
    name = "bodega"

    def __init__(self, options, scratch, origin, logs=False, threads=1):
        child = Bodega(options, scratch, origin.port, extra=["--threads", threads, "--access-log", "on" if logs else "off"])
        super().__init__(child, child.port)
        child.wait_ready()

    def page(self, project):
        return self.child.page_path(project)

    def first_file(self, project):
        return self.child.first_file(project)


class NginxPeer(Peer):
    def __init__(self, options, scratch, text, **values):
        port = free_port()
        config = scratch / "nginx.conf"
        config.write_text(text.format(root=scratch, port=port, **values))
        (scratch / "html").mkdir(exist_ok=True)
        # The workers run as another user, who must be able to walk here.
        for directory in (scratch, scratch / "html"):
            directory.chmod(0o755)
        child = Child(["nginx", "-p", scratch, "-c", config, "-e", scratch / "error.log"], scratch / "nginx.log", core=options.server_core,
                      nice=options.nice)
        super().__init__(child, port)

        def ready():
            child.check()
            return answers(port, "/") and len(self.pids()) > 1

        wait_until(ready, 20, "answer from nginx")


class NginxStatic(NginxPeer):
    """The very bytes that Bodega answers, as files."""

    name = "nginx static"

    def __init__(self, options, scratch, origin, logs=False):
        super().__init__(options, scratch, NGINX_STATIC, access_log=f"{scratch}/access.log" if logs else "off")
        self.html = scratch / "html"

    def take(self, row, coding, body):
        """Keeps the bytes of the row's answer; gives (path, headers)."""
        kind = "json" if "json" in row.headers.get("Accept", "") else "html"
        name = f"{row.project}-{row.kind}" + (f".{kind}" if row.kind == "page" else ".whl")
        file = {"gzip": name + ".gz", "zstd": name + ".zst"}.get(coding, name)
        (self.html / file).write_bytes(body)
        if coding == "gzip" and not (self.html / name).exists():
            (self.html / name).write_bytes(b"plain")  # gzip_static wants to see it
        return "/" + (file if coding == "zstd" else name), dict(row.headers)


class NginxCache(NginxPeer):
    name = "nginx proxy_cache"

    def __init__(self, options, scratch, origin, logs=False):
        super().__init__(options, scratch, NGINX_CACHE, access_log="off", upstream=origin.port)
        self.upstream = origin.port


def install(options, scratch, *names):
    """A virtual environment with these clients, made once; its bin directory."""
    venv = scratch.parent / ("venv-" + names[0])
    if not venv.exists():
        if not options.clients.exists():
            fail(f"{options.clients} is not there; --clients says where make-venv is")
        subprocess.run([options.clients, venv, *names], check=True, stdout=subprocess.DEVNULL)
    return venv / "bin"


class PythonPeer(Peer):
    """Started by a command; ready when it answers."""

    def __init__(self, options, scratch, command, port, ready="/", env=None):
        command = ["env", *[f"{key}={value}" for key, value in (env or {}).items()], *command]
        child = Child(command, scratch / "log", core=options.server_core, nice=options.nice)
        super().__init__(child, port)

        def answered():
            child.check()
            return answers(port, ready)

        wait_until(answered, 300, f"answer from {self.name}")


class Devpi(PythonPeer):
    name = "devpi"

    def __init__(self, options, scratch, origin, logs=False):
        programs = install(options, scratch, "devpi-server", "devpi-web")
        data, port = scratch / "data", free_port()
        fresh = not data.exists()
        if fresh:
            subprocess.run([programs / "devpi-init", "--serverdir", data, "--root-passwd", "bench", "--no-root-pypi"], check=True,
                           capture_output=True)
        super().__init__(options, scratch, [programs / "devpi-server", "--serverdir", data, "--host", "127.0.0.1", "--port", port], port, "/+api")
        if fresh:
            self.make_index("mirror", {"type": "mirror", "mirror_url": f"http://127.0.0.1:{origin.port}/simple/", "volatile": False})
            self.make_index("dev", {"type": "stage", "bases": [], "volatile": True})

    def make_index(self, name, options):
        login = "X-Devpi-Auth: " + base64.b64encode(b"root:" + self.password().encode()).decode()
        done = subprocess.run(["curl", "-sS", "--fail", "-X", "PUT", "-H", login, "-H", "Content-Type: application/json", "-d",
                               json.dumps(options), f"http://127.0.0.1:{self.port}/root/{name}"], capture_output=True, text=True)
        if done.returncode:
            fail(f"devpi takes no index: {done.stdout} {done.stderr}")

    def password(self):
        body = json.dumps({"user": "root", "password": "bench"})
        done = subprocess.run(["curl", "-sS", "--fail", "-H", "Content-Type: application/json", "-d", body,
                               f"http://127.0.0.1:{self.port}/+login"], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["result"]["password"]

    def page(self, project):
        return f"/root/mirror/+simple/{project}/"


class Peryx(PythonPeer):
    name = "peryx"

    def __init__(self, options, scratch, origin, logs=False):
        programs = install(options, scratch, "peryx")
        port = free_port()
        (scratch / "peryx.toml").write_text(f"""
host = "127.0.0.1"
port = {port}
data_dir = "{scratch}/data"
[[index]]
name = "pypi"
route = "pypi"
ecosystem = "pypi"
[[index.upstream]]
name = "origin"
url = "http://127.0.0.1:{origin.port}/simple/"
""")
        super().__init__(options, scratch, [programs / "peryx", "serve", "-c", scratch / "peryx.toml"], port)

    def page(self, project):
        return f"/pypi/simple/{project}/"


class Proxpi(PythonPeer):
    name = "proxpi"

    def __init__(self, options, scratch, origin, logs=False):
        programs = install(options, scratch, "proxpi")
        port = free_port()
        super().__init__(options, scratch, [programs / "flask", "--app", "proxpi.server", "run", "-p", port], port, "/index/",
                         {"PROXPI_INDEX_URL": f"http://127.0.0.1:{origin.port}/simple/", "PROXPI_CACHE_DIR": scratch / "cache",
                          "PROXPI_INDEX_TTL": "3600", "PROXPI_CACHE_SIZE": str(4 << 30)})

    def page(self, project):
        return f"/index/{project}/"


class Pypiserver(PythonPeer):
    """An index of a directory: pages of as many files as the others', but short names and no upstream."""

    name = "pypiserver"
    hosts_uploads_only = True

    def __init__(self, options, scratch, origin, logs=False):
        programs = install(options, scratch, "pypiserver")
        port = free_port()
        files = scratch / "files"
        files.mkdir(exist_ok=True)
        for project, count in origin.wide.items():
            for number in range(count):
                (files / f"{project}-0.{number}-py3-none-any.whl").write_bytes(b"%d" % number)
        for project, size in origin.big.items():
            if (files / f"{project}-1.0-py3-none-any.whl").exists():
                continue
            with open(files / f"{project}-1.0-py3-none-any.whl", "wb") as file:
                for _ in range(size):
                    file.write(os.urandom(1 << 20))
        super().__init__(options, scratch, [programs / "pypi-server", "run", "-p", port, "-i", "127.0.0.1", "--disable-fallback", "-P", ".",
                                            "-a", ".", files], port)


PEERS = {peer.name: peer for peer in (BodegaPeer, NginxStatic, NginxCache, Devpi, Peryx, Proxpi, Pypiserver)}


def make(name, options, scratch, origin, **more):
    directory = scratch / re.sub(r"\W+", "-", name)
    pathlib.Path(directory).mkdir(exist_ok=True)
    return PEERS[name](options, directory, origin, **more)
