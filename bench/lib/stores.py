"""Data directories with much in them, made without the server's help."""
import hashlib
import os
import sqlite3
import time


def fill(data, count, blob_bytes):
    """`count` blobs as docs/formats/store.md has them, and their rows in cache.db. No server may run. Of 0 bytes they cost an inode and
    nothing else, which is enough for whoever does not read them."""
    blobs = data / "blobs/sha256"
    rows, made = [], set()
    now = int(time.time() * 1e6)
    for number in range(count):
        content = number.to_bytes(8, "big") * (max(blob_bytes, 8) // 8)
        digest = hashlib.sha256(content)
        name = digest.hexdigest()
        directory = blobs / name[:2] / name[2:4]
        if directory not in made:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            made.add(directory)
        with open(os.open(directory / name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as blob:
            blob.write(content[:blob_bytes])
        rows.append((digest.digest(), blob_bytes or 1024, now - number))
    rows.sort()
    with sqlite3.connect(data / "cache.db") as database:
        database.executemany("INSERT OR IGNORE INTO cached_blobs VALUES(?, ?, ?)", rows)
    database.close()
