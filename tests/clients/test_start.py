#!/usr/bin/python3
"""Starting and stopping: what Kubernetes injects, ports and directories that cannot be used, passwords, configuration errors, SIGTERM under
load, exit codes."""
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

import harness
from harness import Broken, ask, basic, packages

# A service named bodega with two named ports, others named bodega-data and so on, as containers beside them see them.
KUBERNETES = {
    "BODEGA_PORT": "tcp://10.0.0.1:3141", "BODEGA_SERVICE_HOST": "10.0.0.1", "BODEGA_SERVICE_PORT": "3141", "BODEGA_SERVICE_PORT_HTTP": "3141",
    "BODEGA_SERVICE_PORT_METRICS": "9090", "BODEGA_PORT_3141_TCP": "tcp://10.0.0.1:3141", "BODEGA_PORT_3141_TCP_PROTO": "tcp",
    "BODEGA_PORT_3141_TCP_PORT": "3141", "BODEGA_PORT_3141_TCP_ADDR": "10.0.0.1", "BODEGA_PORT_9090_UDP": "udp://10.0.0.1:9090",
    "BODEGA_DATA_SERVICE_HOST": "10.0.0.2", "BODEGA_DATA_PORT": "tcp://10.0.0.2:80", "BODEGA_DATA_PORT_80_TCP_ADDR": "10.0.0.2",
    "BODEGA_LISTEN_SERVICE_HOST": "10.0.0.3", "BODEGA_LISTEN_PORT": "tcp://10.0.0.3:80", "BODEGA_UPSTREAM_PORT_80_TCP": "tcp://10.0.0.4:80",
}


def call(*args, env=None, **more):
    """(exit code, output) of a command that ends by itself."""
    done = subprocess.run([str(harness.BINARY), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE,
                          env=harness.clean_environment(**(env or {})), **more)
    return done.returncode, done.stdout + done.stderr


class Start(harness.Case):
    @classmethod
    def world(cls):
        pass

    def setUp(self):
        self.count = getattr(Start, "counted", 0) + 1
        Start.counted = self.count
        self.here = self.directory / ("case-%d" % self.count)
        self.here.mkdir()

    def bodega(self, **options):
        server = harness.Bodega(self.here, "http://127.0.0.1:9/simple/", **options)
        self.addCleanup(server.stop)
        return server

    def refused(self, code, pattern, args=(), env=None, **more):
        """That a start ends by itself with this exit code and a sentence."""
        got, said = call("serve", "--data", self.here / "data", *args, env={"HOME": self.here, **(env or {})}, **more)
        self.assertEqual(got, code, said)
        self.assertRegex(said, pattern)
        self.assertNotRegex(said, r"(?i)terminate called|assert|exception|core dumped")
        return said

    def test_kubernetes_variables_change_nothing(self):
        plain = harness.run([harness.BINARY, "check-config"], env=harness.clean_environment(HOME=self.here)).stdout
        self.assertEqual(harness.run([harness.BINARY, "check-config"], env=harness.clean_environment(HOME=self.here, **KUBERNETES)).stdout, plain)
        server = self.bodega(env=KUBERNETES)
        self.assertEqual(server.get("/+health/live").status, 200)
        self.assertNotIn("config.warning", server.log())
        self.assertEqual(server.stop(), 0)

    def test_environment_and_file_and_flags(self):
        config = self.here / "config.toml"
        config.write_text('cache-max-size = "3GB"\npage-max-age = "7m"\naccess-log = false\n')
        said = call("check-config", "--config", config, "--page-max-age", "8m", env={"HOME": self.here, "BODEGA_CACHE_MAX_SIZE": "4GB"})
        self.assertEqual(said[0], 0, said[1])
        lines = {line.split()[0]: line for line in said[1].splitlines() if line.strip()}
        self.assertIn("4GB", lines["cache-max-size"])
        self.assertIn("BODEGA_CACHE_MAX_SIZE", lines["cache-max-size"])
        self.assertIn("8m", lines["page-max-age"])
        self.assertIn("config.toml", lines["access-log"])

    def test_configuration_errors_name_the_nearest(self):
        config = self.here / "config.toml"
        for text, pattern in (('cache-max-sise = "3GB"\n', r"cache-max-sise.*cache-max-size"), ('lisen = "127.0.0.1:0"\n', r"lisen.*listen"),
                              ('[server]\nlisten = "127.0.0.1:0"\n', r"server"), ('page-max-age = "soon"\n', r"page-max-age"),
                              ("threads = 100000\n", r"threads.*256"), ("listen = [\n", r"(?i)config\.toml.*line|line.*\d")):
            config.write_text(text)
            for command in ("check-config", "serve"):
                code, said = call(command, "--config", config, env={"HOME": self.here})
                self.assertEqual(code, 2, (command, text, said))
                self.assertRegex(said.replace("\n", " "), pattern)
        for args, pattern in ((["serve", "--lisen", "127.0.0.1:0"], r"--listen"), (["serve", "--listen"], r"listen"), (["serv"], r"serve"),
                              (["serve", "--threads", "many"], r"threads"), (["serve", "--listen", "127.0.0.1:99999"], r"listen"),
                              (["serve", "--upstream", "ftp://x/"], r"upstream"), (["serve", "--config", self.here / "none.toml"], r"none\.toml")):
            code, said = call(*args, env={"HOME": self.here})
            self.assertEqual(code, 2, (args, said))
            self.assertRegex(said, pattern)
        # All that is wrong at once, not one after the other.
        config.write_text('cache-max-sise = "3GB"\nthreads = "x"\n')
        _, said = call("check-config", "--config", config, env={"HOME": self.here})
        self.assertIn("cache-max-sise", said)
        self.assertIn("threads", said)
        # A misspelt variable is told, and does no harm: the environment belongs to others as well.
        server = self.bodega(env={"BODEGA_CACHE_MAX_SISE": "1GB"})
        self.assertRegex(server.log(), r"config\.warning.*BODEGA_CACHE_MAX_SISE")
        server.stop()

    def test_version_and_help(self):
        self.assertRegex(call("--version")[1], r"\d+\.\d+\.\d+")
        self.assertEqual(call("--version")[0], 0)
        for args in (["help"], ["--help"], ["help", "serve"], ["serve", "--help"]):
            code, said = call(*args)
            self.assertIn("Usage", said, args)
            self.assertEqual(code, 0, args)
        code, said = call()
        self.assertEqual(code, 2)
        self.assertIn("bodega help", said)

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(3, r"(?i)%d.*(in use|already)" % port, ["--listen", "127.0.0.1:%d" % port])
        self.refused(3, r"(?i)192\.0\.2\.1", ["--listen", "192.0.2.1:0"])

    def test_a_locked_data_directory(self):
        server = self.bodega()
        said = self.refused(4, r"(?i)(another|other).*bodega|in use|locked", ["--listen", "127.0.0.1:0"])
        self.assertIn(str(self.here / "data"), said)
        self.assertEqual(server.get("/+health/ready").status, 200, "the first is not disturbed")
        code, said = server.fsck()
        self.assertNotEqual(code, 0, said)
        server.kill()
        server.start()  # the lock dies with its holder
        self.assertEqual(server.stop(), 0)

    def test_a_data_directory_that_is_not_writable(self):
        (self.here / "data").mkdir(mode=0o555)
        more = {}
        if os.geteuid() == 0:
            # Root may write everywhere, so somebody else has to try. The program must be within reach of everybody.
            program = pathlib.Path("/tmp") / ("bodega-nobody-%d" % os.getpid())
            shutil.copy(harness.BINARY, program)
            self.addCleanup(program.unlink)
            program.chmod(0o755)
            self.directory.chmod(0o755)
            more = {"user": 65534, "group": 65534, "extra_groups": []}
            done = subprocess.run([str(program), "serve", "--listen", "127.0.0.1:0", "--data", str(self.here / "data")], capture_output=True, text=True,
                                  timeout=harness.PATIENCE, env=harness.clean_environment(HOME="/nonexistent"), stdin=subprocess.DEVNULL, **more)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertRegex(done.stderr, r"(?i)permission denied|not writable|cannot be written")
            self.assertIn(str(self.here / "data"), done.stderr)
        else:
            self.refused(4, r"(?i)permission denied|not writable", ["--listen", "127.0.0.1:0"])

    def test_a_data_directory_that_is_a_file(self):
        (self.here / "data").write_text("not a directory")
        self.refused(4, r"(?i)data", ["--listen", "127.0.0.1:0"])

    def test_a_broken_database_is_told_and_not_replaced(self):
        server = self.bodega()
        server.make_user("alice")
        self.assertEqual(server.stop(), 0)
        # The database of what is ours; the other one is a cache that may be made anew.
        databases = [p for p in server.data.rglob("*") if p.is_file() and p.read_bytes()[:15] == b"SQLite format 3"]
        self.assertTrue(databases)
        ours = [p for p in databases if b"alice" in p.read_bytes()]
        self.assertEqual(len(ours), 1, databases)
        content = ours[0].read_bytes()
        ours[0].write_bytes(b"not a database at all" * 500)
        self.refused(4, r"(?i)(catalog|database|damaged|corrupt)", ["--listen", "127.0.0.1:0"])
        self.assertEqual(ours[0].read_bytes(), b"not a database at all" * 500, "the evidence stays")
        ours[0].write_bytes(content)
        server.start()
        self.assertEqual(server.api("GET", "/alice").status, 200)
        server.stop()
        # And one that went altogether while the data is there is no first start either.
        os.rename(ours[0], self.here / "kept")
        self.refused(4, r"(?i)(missing|catalog|database)", ["--listen", "127.0.0.1:0"])

    def test_the_generated_password(self):
        server = self.bodega(env={"BODEGA_ROOT_PASSWORD": ""})
        path = server.data / "initial-root-password"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        password = path.read_text().strip()
        self.assertGreaterEqual(len(password), 16)
        self.assertIn(str(path), server.process.output())
        self.assertNotIn(password, server.process.output() + server.log())
        self.assertEqual(server.api("POST", "/+login", {"user": "root", "password": password}, user=None).status, 200)
        self.assertEqual(server.api("POST", "/+login", {"user": "root", "password": ""}, user=None).status, 401)
        server.stop()
        server.start()
        self.assertEqual(path.read_text().strip(), password)
        self.assertEqual(server.api("POST", "/+login", {"user": "root", "password": password}, user=None).status, 200)
        server.stop()

    def test_the_generated_password_outlives_a_kill_at_any_moment_of_the_first_start(self):
        kills, born = 12, 0
        for number in range(kills):
            folder = self.here / str(number)
            folder.mkdir()
            server = harness.Bodega(folder, "http://127.0.0.1:9/simple/", env={"BODEGA_ROOT_PASSWORD": ""}, start=False)
            self.addCleanup(server.stop)
            server.launch()
            time.sleep(0.02 * number)
            server.kill()
            path = server.data / "initial-root-password"
            known = path.read_text().strip() if path.exists() else None
            told = str(path) in server.process.output()
            born += told
            server.start()
            password = path.read_text().strip()
            if told:
                self.assertEqual(password, known)
            self.assertEqual(server.api("POST", "/+login", {"user": "root", "password": password}, user=None).status, 200, number)
            server.stop()
        self.assertIn(born, range(1, kills), "the kills came too early or too late to prove anything")

    def test_the_given_password(self):
        file = self.here / "password"
        file.write_text("from a file\n")
        for number, (args, env, password) in enumerate((([], {"BODEGA_ROOT_PASSWORD": "from the environment"}, "from the environment"),
                                                        (["--root-password-file", file], {"BODEGA_ROOT_PASSWORD": ""}, "from a file"),
                                                        ([], {"BODEGA_ROOT_PASSWORD": "", "BODEGA_ROOT_PASSWORD_FILE": str(file)}, "from a file"))):
            folder = self.here / str(number)
            folder.mkdir()
            server = harness.Bodega(folder, "http://127.0.0.1:9/simple/", args=args, env=env)
            self.addCleanup(server.stop)
            self.assertEqual(server.api("POST", "/+login", {"user": "root", "password": password}, user=None).status, 200, number)
            self.assertFalse((server.data / "initial-root-password").exists())
            server.stop()
        self.refused(2, r"password.*none|none.*password", ["--listen", "127.0.0.1:0", "--root-password-file", self.here / "none"])

    def test_files_are_the_owners_alone(self):
        server = self.bodega()
        self.assertEqual(stat.S_IMODE(server.data.stat().st_mode) & 0o007, 0, "others may look into the data directory")
        for path in server.data.rglob("*"):
            if path.is_file() and re.search(r"(?i)(sqlite|\.db|password|lock)", path.name):
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o002, 0, path)
        server.stop()

    def test_the_service_manager_is_told(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = self.here / "notify"
        notify.bind(str(path))
        notify.settimeout(20)
        server = self.bodega(env={"NOTIFY_SOCKET": str(path)})
        self.assertIn(b"READY=1", notify.recv(4096))
        server.process.signal(signal.SIGTERM)
        self.assertIn(b"STOPPING=1", notify.recv(4096))
        self.assertEqual(server.process.popen.wait(20), 0)  # not stop(): a second signal would be one that insists
        notify.close()

    def test_sockets_of_systemd(self):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        script = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); os.execv(sys.argv[2], sys.argv[2:])"
        command = [harness.PYTHON, "-c", script, str(listener.fileno()), str(harness.BINARY), "serve", "--data", str(self.here / "data")]
        env = harness.clean_environment(HOME=self.here, BODEGA_ROOT_PASSWORD="x" * 12)
        with subprocess.Popen(command, pass_fds=[listener.fileno()], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                # The socket is open before the server is: nobody is turned away while it starts.
                self.assertEqual(ask(url + "/+health/live", timeout=harness.PATIENCE).status, 200)
            finally:
                process.terminate()
                self.assertEqual(process.wait(20), 0)
        listener.close()


class Stop(harness.Case):
    @classmethod
    def world(cls):
        cls.origin = cls.make_origin(args=["--big", "giant:20"])

    def start(self, name, *args):
        server = self.make_bodega(self.origin.index, name=name, args=list(args))
        self.addCleanup(server.stop)
        return server

    def setUp(self):
        self.origin.reset()

    def test_sigterm_lets_accepted_requests_finish(self):
        server = self.start("drain")
        password = server.make_user("alice")
        server.make_index("alice/dev")
        entry, right = self.origin.file("giant", "whl$")
        url, _ = server.link("giant", "whl$")
        self.origin.reset(match=r"giant-.*\.whl$|^/simple/six/", bandwidth_bytes_per_s=10 << 20, latency_ms=1000)
        failed, answered, refused, going = [], [0], [0], threading.Event()

        def small():
            while not going.is_set():
                try:
                    if server.page("flask").status != 200:
                        failed.append("a page with another status")
                    answered[0] += 1
                except Broken as broken:
                    # A connection that the server never accepted; but an answer that began must end.
                    if broken.status is not None:
                        failed.append("a page: %s" % broken)
                    refused[0] += 1
                    time.sleep(0.01)
        server.page("flask")
        slow = [lambda: ask(url), lambda: server.page("six"), lambda: self.slow_upload(server, password)]
        results, threads = [None] * len(slow), []
        for n, job in enumerate(slow):
            threads.append(threading.Thread(target=lambda n=n, job=job: results.__setitem__(n, job()), daemon=True))
        threads += [threading.Thread(target=small, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)  # all three are on their way: the file takes 3 s, the page 1 s, the upload 2 s
        began = time.monotonic()
        server.process.signal(signal.SIGTERM)
        code = server.process.popen.wait(40)
        seconds = time.monotonic() - began
        going.set()
        for thread in threads:
            thread.join(20)
        print("drained in %.1f s; small requests: %d answered, %d not accepted" % (seconds, answered[0], refused[0]))
        self.assertEqual(failed, [])
        self.assertEqual(code, 0)
        file, page, upload = results
        self.assertEqual((file.status, file.body == right), (200, True))
        self.assertStatus(page, 200)
        self.assertEqual(page["Connection"], "close")
        self.assertEqual(upload, 200)
        self.assertLess(seconds, 20)
        self.assertIn("complete=true", server.log())
        server.start()
        self.assertStatus(server.page("slowly", "alice/dev"), 200)

    def slow_upload(self, server, password):
        """An upload in pieces over two seconds; its status."""
        filename, content = packages.make_wheel("slowly", "1.0", filler=100_000)
        kind, body = harness.form(harness.upload_fields("slowly", "1.0", content), filename, content)
        with socket.create_connection(("127.0.0.1", server.port), 30) as raw:
            head = ["POST /alice/dev/ HTTP/1.1", "Host: x", "Content-Length: %d" % len(body)] + ["%s: %s" % h for h in {**kind, **basic("alice", password)}.items()]
            raw.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
            for at in range(0, len(body), len(body) // 10):
                raw.sendall(body[at:at + len(body) // 10])
                time.sleep(0.2)
            return int(raw.makefile("rb").readline().split()[1])

    def test_a_delay_before_the_drain_refuses_nobody(self):
        server = self.start("delay", "--drain-delay", "2s")
        server.page("flask")
        server.process.signal(signal.SIGTERM)
        end, states = time.monotonic() + 1.5, set()
        while time.monotonic() < end:
            self.assertStatus(server.page("flask"), 200)
            states.add(server.get("/+health/ready").status)
            self.assertStatus(server.get("/+health/live"), 200)
        self.assertIn(503, states, "readiness must say no")
        self.assertEqual(server.process.popen.wait(20), 0)

    def stuck(self, name, *args):
        """A server with a client that never gets its answer."""
        server = self.start(name, *args)
        self.origin.reset(match="^/simple/six/", never_answer=True)
        raw = socket.create_connection(("127.0.0.1", server.port), 30)
        raw.sendall(b"GET /root/pypi/+simple/six/ HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n")
        harness.wait_for(lambda: self.origin.asked("six"), 10, "the question at the upstream")
        return server, raw

    def test_the_drain_is_bounded(self):
        server, raw = self.stuck("bounded", "--drain-timeout", "1s")
        began = time.monotonic()
        server.process.signal(signal.SIGTERM)
        self.assertEqual(server.process.popen.wait(20), 5)
        self.assertLess(time.monotonic() - began, 10)
        raw.close()

    def test_a_second_sigterm_ends_it_at_once(self):
        server, raw = self.stuck("second")
        server.process.signal(signal.SIGTERM)
        harness.wait_for(lambda: "server.stopping" in server.process.errors(), 10)
        self.assertIsNone(server.process.popen.poll())
        began = time.monotonic()
        server.process.signal(signal.SIGTERM)
        self.assertEqual(server.process.popen.wait(20), 5)
        self.assertLess(time.monotonic() - began, 3)
        raw.close()

    def test_idle_connections_do_not_hold_it_up(self):
        server = self.start("idle")
        idle = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(20)]
        for raw in idle[:10]:
            raw.sendall(b"GET /+health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(raw.recv(4096).startswith(b"HTTP/1.1 200"))
        began = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)
        for raw in idle:
            raw.close()

    def test_sigint_is_the_same(self):
        server = self.start("interrupt")
        server.process.signal(signal.SIGINT)
        self.assertEqual(server.process.popen.wait(20), 0)


if __name__ == "__main__":
    harness.main()
