"""Uploads as raw bytes made beforehand, so that the clients cost little beside the server: many uploaders, one connection each."""
import base64
import http.client
import json
import pathlib
import socket
import sys
import threading
import time

from lib.processes import fail

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/origin"))
import packages  # noqa: E402  (of the end-to-end tests)

USER, PASSWORD = "root", "bench"  # of BODEGA_ROOT_PASSWORD
BOUNDARY = "bench0123456789"


def credentials():
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def make_index(port, name, **options):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("PUT", f"/{name}", json.dumps({"type": "stage", "bases": [], "volatile": True} | options),
                       {"Content-Type": "application/json", "Accept": "application/json", "Authorization": credentials()})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 200:
        fail(f"no index {name}: {answer.status} {said[:300]!r}")


def request(port, index, name, version, filler=0):
    """The whole request of one upload."""
    filename, content = packages.make_wheel(name, version, filler=filler)
    fields = {":action": "file_upload", "protocol_version": "1", "metadata_version": "2.1", "name": name, "version": version,
              "filetype": "bdist_wheel", "pyversion": "py3"}
    body = b"".join(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in fields.items())
    body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n'
             "Content-Type: application/octet-stream\r\n\r\n").encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    head = (f"POST /{index}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {credentials()}\r\nAccept: application/json\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


def read_answer(connection):
    """Status of one answer whose length is told."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = connection.recv(65536)
        if not piece:
            fail("the server closed an upload's connection")
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1]), body


def upload_all(port, requests, uploaders):
    """Seconds that so many uploaders take for all requests, and the time of each upload."""
    waiting, times, lock = list(reversed(requests)), [], threading.Lock()
    errors = []

    def work():
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not errors:
                with lock:
                    if not waiting:
                        return
                    one = waiting.pop()
                began = time.monotonic()
                connection.sendall(one)
                status, body = read_answer(connection)
                took = time.monotonic() - began
                with lock:
                    times.append(took)
                    if status != 200:
                        errors.append(f"an upload was answered {status}: {body[:300]!r}")

    threads = [threading.Thread(target=work) for _ in range(uploaders)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        fail(errors[0])
    return time.monotonic() - began, times
