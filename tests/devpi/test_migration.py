#!/usr/bin/python3
"""A real devpi-server moves to Bodega and back, and nothing is lost: all that each of them answers is read and compared, old addresses of files
give the same bytes, clients stay logged in. Needs ../shared/clients; the upstream is tests/origin/mini_origin.py."""
import shutil
import sqlite3
import subprocess
import time

import world  # first: it finds the harness
from crawl import OF_BODEGA, OF_DEVPI, Comparison, Crawl
from harness import BINARY, Case, Venv, clean_environment, packages, shared, wait_for


class Migration(Case):
    """One world for all tests; what takes long is made once, by whichever test needs it first."""

    @classmethod
    def world(cls):
        shared("clients/make-venv")
        cls.made, cls.began = {}, time.monotonic()
        cls.venv = Venv(cls.directory / "venv", ["devpi-server", "devpi-web", "devpi-client"])
        cls.lap("virtual environment")
        world.mirrored_files(cls.directory / "files")
        cls.origin = cls.make_origin(mini=True, args=["--extra", cls.directory / "files"])
        cls.devpi = world.Devpi(cls.directory / "devpi", cls.venv).start()
        cls.servers.append(cls.devpi)
        cls.lap("devpi-server")
        cls.before = world.World(cls.devpi, cls.origin.index, cls.directory / "client")
        cls.lap("its data: %d uploads, %d files" % (cls.before.uploads, len(cls.before.lock_file)))
        cls.original = Crawl(world.Api(cls.devpi.url))
        cls.lap("read: %s, %d documents" % (cls.original.counts, len(cls.original.documents)))
        cls.devpi.stop()

    @classmethod
    def lap(cls, what):
        print("%6.1f s  %s" % (time.monotonic() - cls.began, what), flush=True)

    @classmethod
    def once(cls, name, make):
        if name not in cls.made:
            cls.made[name] = make()
            cls.lap(name)
        return cls.made[name]

    # ---- the ways ----

    def running(self, server):
        self.addCleanup(server.stop)
        server.start()
        return server

    @classmethod
    def command(cls, *args, status=0):
        done = subprocess.run([str(a) for a in (BINARY, *args)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                              env=clean_environment(HOME=cls.directory))
        assert done.returncode == status, "%s ended with %d:\n%s" % (args, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    @classmethod
    def imported_directory(cls):
        def make():
            server = cls.make_bodega(cls.origin.index, "from-directory", start=False)
            cls.command("import", "devpi-serverdir", cls.devpi.data, "--data", server.data, "--secretfile", cls.devpi.secret)
            return server
        return cls.once("import of the server directory", make)

    @classmethod
    def imported_dump(cls):
        def make():
            dump = cls.directory / "dump-of-devpi"
            cls.devpi.run("devpi-export", "--include-mirrored-files", dump)
            server = cls.make_bodega(cls.origin.index, "from-dump", start=False)
            cls.command("import", "devpi-export", dump, "--data", server.data, "--secretfile", cls.devpi.secret)
            return server
        return cls.once("import of devpi's dump", make)

    @classmethod
    def back_in_devpi(cls):
        def make():
            server = cls.imported_directory()
            dump = cls.directory / "dump-of-bodega"
            cls.command("export", "devpi", dump, "--data", server.data, "--include-mirrored-files", "--hard-links")
            quick = ["--argon2-time-cost", 1, "--argon2-memory-cost", 1024]  # its key for logins; nobody logs in here
            devpi = world.Devpi(cls.directory / "devpi-again", cls.venv, dump=dump, args=quick).start()
            cls.servers.append(devpi)
            return devpi
        return cls.once("import of Bodega's dump into devpi", make)

    def compare(self, after, rows):
        comparison = Comparison(self.original, after, rows)
        report = comparison.report()
        print("\n" + report, flush=True)
        self.assertGreater(comparison.documents, 1500)
        self.assertEqual(len(comparison.found), 0, report)

    def crawl(self, name, url):
        return self.once("read: " + name, lambda: Crawl(world.Api(url), also=self.original))

    # ---- what is promised ----

    def test_1_a_server_directory_comes_over_whole(self):
        server = self.running(self.imported_directory())
        self.compare(self.crawl("from a server directory", server.url), OF_BODEGA)

    def test_2_a_dump_comes_over_whole(self):
        server = self.running(self.imported_dump())
        self.compare(self.crawl("from a dump", server.url), OF_BODEGA)

    def test_3_it_goes_back_into_devpi_whole(self):
        devpi = self.back_in_devpi()
        self.compare(self.crawl("back in devpi", devpi.url), OF_DEVPI)
        devpi.stop()

    def test_4_addresses_in_lock_files_stay_also_with_a_dead_upstream(self):
        for server in (self.imported_directory(), self.imported_dump()):
            self.running(server)
            for upstream in ("alive", "dead"):
                if upstream == "dead":
                    self.origin.stop()
                api = world.Api(server.url)
                lost = [path for path, digest in self.before.lock_file.items() if api.file(path, statuses=None).sha256() != digest]
                self.assertEqual(lost, [], "%s upstream" % upstream)
            self.origin.start()

    def test_5_clients_stay_logged_in(self):
        for server in (self.imported_directory(), self.imported_dump()):
            self.running(server)
            api = world.Api(server.url)
            for user, token in self.before.api.tokens.items():
                api.tokens[user] = token
                self.assertEqual(api.json("/+api", user=user)["result"]["authstatus"][:2], ["ok", user], "the old token of " + user)
                api.login(user)  # and the old password
                self.assertEqual(api.json("/+api", user=user)["result"]["authstatus"][:2], ["ok", user])

    def test_6_the_devpi_client_goes_on_where_it_was(self):
        """Its directory knows only the address and the token; the address is what an administrator keeps."""
        server = self.imported_directory()
        self.addCleanup(setattr, server, "port", 0)
        server.port = int(self.devpi.url.rsplit(":", 1)[1])
        self.running(server)
        said = self.before.client("use")
        self.assertIn("logged in as bob", said)
        self.assertIn("bob/all", said)
        said = self.before.client("list", "--all", "from-client")
        self.assertIn("from_client-1.1-py3-none-any.whl", said)


class KilledExport(Case):
    """kill -9 in the middle of an export."""

    @classmethod
    def world(cls):
        cls.server = cls.make_bodega()
        password = cls.server.make_user("alice")
        cls.server.make_index("alice/dev")
        for number in range(12):
            file = packages.make_wheel("large", "1.%d" % number, filler=4_000_000)
            headers, body = world.harness.form([(":action", "file_upload"), ("name", "large"), ("version", "1.%d" % number)], *file)
            answer = world.harness.ask(cls.server.url + "/alice/dev/", "POST", {**headers, **world.harness.basic("alice", password)}, body)
            assert answer.status == 200, answer
        cls.server.stop()

    def contents(self):
        """Everything in the data directory but the lock."""
        files = {str(p.relative_to(self.server.data)): (p.stat().st_size, p.stat().st_mtime_ns) for p in self.server.data.rglob("*")
                 if p.is_file() and p.suffix not in (".db", ".db-wal", ".db-shm") and p.name != "lock"}
        with sqlite3.connect("file:%s?mode=ro" % (self.server.data / "catalog.db"), uri=True) as catalog:
            return files, list(catalog.iterdump())

    def export(self, dump):
        return [str(BINARY), "export", "devpi", str(dump), "--data", str(self.server.data)]

    def test_the_next_run_says_what_to_do_and_the_data_is_untouched(self):
        before, dump = self.contents(), self.directory / "dump"
        for _ in range(10):
            shutil.rmtree(dump, ignore_errors=True)
            process = subprocess.Popen(self.export(dump), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
            wait_for(lambda: any(dump.rglob("*.whl")) if dump.exists() else False, what="the first file of the dump")
            process.kill()
            process.wait()
            if not (dump / "dataindex.json").exists():
                break
        self.assertFalse((dump / "dataindex.json").exists(), "no export was killed in time")
        again = subprocess.run(self.export(dump), capture_output=True, text=True, env=clean_environment())
        self.assertEqual(again.returncode, 1)
        self.assertIn("was not finished", again.stderr)
        self.assertIn("Remove %s and run the export again" % dump, again.stderr)
        self.assertEqual(self.contents(), before)
        self.assertEqual(self.server.fsck()[0], 0)
        shutil.rmtree(dump)
        subprocess.run(self.export(dump), check=True, stdout=subprocess.DEVNULL, env=clean_environment())
        self.assertTrue((dump / "dataindex.json").exists())
        self.assertEqual(self.contents(), before)

    def test_a_running_server_is_refused_by_its_process_id(self):
        self.server.start()
        dump = self.directory / "never"
        refused = subprocess.run(self.export(dump), capture_output=True, text=True, env=clean_environment())
        self.server.stop()
        self.assertEqual(refused.returncode, 4)
        self.assertIn("(process %d)" % self.server.process.pid, refused.stderr)
        self.assertIn("Stop that one first", refused.stderr)
        self.assertFalse(dump.exists())


if __name__ == "__main__":
    world.harness.main()
