"""Row 7: clients that are slow, silent, half gone, too many or all at once. Everybody else is served as before; nothing stays behind."""
import random
import resource
import socket
import threading
import time
import urllib.parse

import bench
from bench import Broken, ask, basic, packages


class Raw:
    """A connection on which a test says what it wants."""

    def __init__(self, bodega, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", bodega.port), timeout)

    def say(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)
        return self

    def read(self, size=1 << 16):
        try:
            return self.socket.recv(size)
        except OSError:
            return b""

    def read_all(self):
        out = b""
        while piece := self.read():
            out += piece
        return out

    def close(self):
        self.socket.close()


def get(path, close=True):
    return "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (path, "Connection: close\r\n" if close else "")


class Setup:
    def __init__(self, world, tally):
        self.world, self.tally = world, tally
        self.origin = world.origin(6, 400_000)
        self.bodega = world.server(self.origin.index).with_faults(False)
        password = self.bodega.make_user("alice")
        self.bodega.make_index("alice/dev", volatile=False, bases=[])
        token = self.bodega.api("POST", "/+login", {"user": "alice", "password": password}, user=None).json()["result"]["password"]
        self.credentials = basic("alice", token)
        self.url, _ = self.bodega.link("pkg0", "whl$")
        self.right = world.wheels["pkg0"][1]
        ask(self.url)
        self.path = urllib.parse.urlsplit(self.url).path

    def others_are_served(self, what, limit=0.5):
        times = []
        for _ in range(20):
            began = time.monotonic()
            answer = ask(self.url)
            times.append(time.monotonic() - began)
            if answer.body != self.right:
                self.tally.violation("%s: others get wrong bytes" % what)
        if sorted(times)[-2] > limit:
            self.tally.violation("%s: others wait %.2f s" % (what, sorted(times)[-2]))

    def settled(self, what, before):
        end = time.monotonic() + 30
        while self.bodega.descriptors() > before + 4 and time.monotonic() < end:
            time.sleep(0.1)
        if self.bodega.descriptors() > before + 4:
            self.tally.violation("%s: %d descriptors stay, %d before" % (what, self.bodega.descriptors(), before))
        if bench.left_over(self.bodega):
            self.tally.violation("%s: temp files stay: %s" % (what, bench.left_over(self.bodega)))


def slow(setup, count):
    before = setup.bodega.descriptors()
    heads = [Raw(setup.bodega).say("GET / HTTP/1.1\r\nHo") for _ in range(count)]
    bodies = [Raw(setup.bodega).say("POST /alice/dev/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b")
              for _ in range(count)]
    readers = []
    for _ in range(count):
        reader = Raw(setup.bodega)
        reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        readers.append(reader.say(get(setup.path)))
    setup.others_are_served("slow clients")
    setup.tally.tries += 3 * count
    for client in heads + bodies + readers:
        client.close()
    setup.settled("slow clients", before)
    setup.tally.note("%d slow heads, %d slow bodies, %d slow readers" % (count, count, count))


def idle(setup, count):
    limit = min(count, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    before, memory = setup.bodega.descriptors(), setup.bodega.resident()
    clients = []
    for _ in range(limit):
        client = Raw(setup.bodega)
        client.say(get("/+health/live", close=False))
        client.read()
        clients.append(client)
    each = (setup.bodega.resident() - memory) / limit
    setup.others_are_served("idle connections")
    setup.tally.tries += limit
    if each > 10_000:
        setup.tally.violation("an idle connection costs %d bytes" % each)
    for client in clients:
        client.close()
    setup.settled("idle connections", before)
    setup.tally.note("%d idle connections, %d bytes each" % (limit, each))


def half_closed(setup, count):
    before = setup.bodega.descriptors()
    for _ in range(count):
        client = Raw(setup.bodega).say(get(setup.path))
        client.socket.shutdown(socket.SHUT_WR)
        answer = client.read_all()
        setup.tally.tries += 1
        if not answer.endswith(setup.right):
            setup.tally.violation("half closed: %r" % answer[:200])
        client.close()
    setup.settled("half closed", before)


def disconnects(setup, count, chance):
    """In the middle of downloads and uploads, of warm files and cold ones."""
    before = setup.bodega.descriptors()
    filename, content = packages.make_wheel("gone", "1.0", filler=300_000)
    kind, body = bench.harness.form(bench.harness.upload_fields("gone", "1.0", content), filename, content)
    for number in range(count):
        setup.tally.tries += 1
        if number % 2:
            client = Raw(setup.bodega).say(get(setup.path))
            left = chance.randrange(len(setup.right))
            while left > 0 and (piece := client.read(min(left, 65536))):
                left -= len(piece)
            client.close()
            continue
        head = "POST /alice/dev/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nContent-Type: %s\r\nAuthorization: %s\r\n\r\n" % (
            len(body), kind["Content-Type"], setup.credentials["Authorization"])
        client = Raw(setup.bodega).say(head)
        client.say(body[:chance.randrange(len(body) - 1)])
        client.close()
    time.sleep(0.3)
    if setup.bodega.page("gone", "alice/dev").status != 404:
        setup.tally.violation("half an upload is listed")
    setup.settled("disconnects", before)
    setup.others_are_served("disconnects")
    setup.tally.note("%d disconnects" % count)


def herd(setup, count):
    """Many clients, one cold file: one request to the upstream."""
    before = setup.bodega.descriptors()
    url, entry = setup.bodega.link("pkg1", "whl$")
    right, wrong = setup.world.wheels["pkg1"][1], []
    setup.origin.log(clear=True)

    def one():
        try:
            if ask(url, timeout=120).body != right:
                wrong.append("bytes")
        except (Broken, OSError) as error:
            wrong.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    setup.tally.tries += count
    asked = len(setup.origin.asked(entry["filename"].replace(".", r"\.") + "$"))
    if wrong or asked != 1:
        setup.tally.violation("a herd of %d: %d requests to the upstream, wrong: %s" % (count, asked, wrong[:3]))
    setup.settled("a herd", before)
    setup.tally.note("%d clients on one cold file: %d request to the upstream" % (count, asked))


def pipelining(setup, rounds):
    for _ in range(rounds):
        paths = [setup.path, "/+health/live", "/root/pypi/+simple/pkg0/", "/nowhere/at/all", setup.path]
        client = Raw(setup.bodega).say("".join(get(path, close=path is paths[-1] and n == 4) for n, path in enumerate(paths)))
        answer = client.read_all()
        client.close()
        setup.tally.tries += 1
        if answer.count(b"HTTP/1.1 ") - setup.right.count(b"HTTP/1.1 ") != 5 or answer.count(setup.right) != 2:
            setup.tally.violation("pipelining: %d answers" % answer.count(b"HTTP/1.1 "))


def one_wins(setup, count, same):
    """Many uploads of one name at once: with different bytes one wins, with the same bytes all are content."""
    name = "race%d%d" % (count, same)
    results, bodies = [], {}

    def one(number):
        filename, content = packages.make_wheel(name, "1.0", filler=20_000, marker="" if same else str(number))
        bodies[number] = content
        try:
            results.append((number, bench.upload(setup.bodega, "alice/dev", setup.credentials, filename, content, name, "1.0", timeout=120).status))
        except Broken as broken:
            results.append((number, str(broken)))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    setup.tally.tries += count
    good = [number for number, status in results if status == 200]
    rest = {status for _, status in results if status != 200}
    seen = bench.observe_project(setup.bodega, "alice/dev", name)
    if same and rest - {409}:
        setup.tally.violation("uploads of the same bytes: %s" % rest)
    if not same and (len(good) != 1 or rest != {409}):
        setup.tally.violation("uploads of one name: %d won, the others got %s" % (len(good), rest))
    if list(seen.values()) != [bench.sha256(bodies[good[0]])]:
        setup.tally.violation("uploads of one name: the page has %s" % seen)
    setup.tally.note("%d uploads of one name with %s bytes: %d accepted" % (count, "the same" if same else "different", len(good)))


def run(tally, options):
    long = options.long
    with bench.World("clients") as world:
        setup = Setup(world, tally)
        slow(setup, 300 if long else 50)
        idle(setup, 10_000 if long else 1000)
        half_closed(setup, 100 if long else 10)
        disconnects(setup, 400 if long else 40, random.Random(tally.seed))
        herd(setup, 500 if long else 100)
        pipelining(setup, 50 if long else 5)
        one_wins(setup, 100 if long else 30, same=False)
        one_wins(setup, 100 if long else 30, same=True)
        if setup.bodega.stop() != 0:
            tally.violation("the stop is not clean")
        bench.check_fsck(setup.bodega, tally, "after all clients")
