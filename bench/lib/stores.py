"""Data directories with much in them, made without the server's help."""
import hashlib
import json
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


class Rows:
    """Writes into a stopped server's catalog what thousands of uploads would. Indexes are made like bench/dev, which is there."""

    def __init__(self, data):
        self.main = sqlite3.connect(data / "catalog.db")
        self.cache = sqlite3.connect(data / "cache.db")

    def index(self, user, name):
        found = self.main.execute("SELECT id FROM indexes WHERE user = ? AND name = ?", (user, name)).fetchone()
        if found:
            return found[0]
        options = self.main.execute("SELECT options FROM indexes WHERE user = 'bench' AND name = 'dev'").fetchone()[0]
        return self.main.execute("INSERT INTO indexes(user, name, options) VALUES(?, ?, ?)", (user, name, options)).lastrowid

    def project(self, index, name, releases, files, description=""):
        """So many files spread over so many releases."""
        project = self.main.execute("INSERT INTO projects(index_id, name, display) VALUES(?, ?, ?)", (index, name, name)).lastrowid
        for number in range(releases):
            version = f"1.{number}"
            metadata = {"metadata_version": "2.1", "name": name, "version": version, "summary": f"What {name} does, in a line", "author": "Kim",
                        "license": "MIT", "keywords": "bench, pages", "classifiers": ["Programming Language :: Python :: 3.11"],
                        "description": description, "description_content_type": "text/markdown", "requires_python": ">=3.8"}
            release = self.main.execute("INSERT INTO releases(project_id, version, metadata) VALUES(?, ?, ?)",
                                        (project, version, json.dumps(metadata))).lastrowid
            for build in range(files // releases):
                filename = f"{name.replace('-', '_')}-{version}-{build}-py3-none-any.whl"
                self.main.execute("INSERT INTO files(index_id, release_id, filename, digest, size, uploaded_at, uploaded_by, requires_python, log) "
                                  "VALUES(?, ?, ?, ?, 1000, ?, 'bench', '>=3.8', '[]')",
                                  (index, release, filename, hashlib.sha256(filename.encode()).digest(), 1_700_000_000_000_000 + build))

    def cached(self, index, names):
        for name in names:
            self.cache.execute("INSERT INTO documents(index_name, name, state, fetched_at, expires_at, changed_at, etag, last_modified, "
                               "upstream_serial) VALUES(?, ?, 1, 1700000000000000, 4000000000000000, 1700000000000000, '', '', 0)", (index, name))

    def close(self):
        for database in (self.main, self.cache):
            database.commit()
            database.close()
