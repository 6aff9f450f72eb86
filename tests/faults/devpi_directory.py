"""Makes a server directory of devpi-server 6 without devpi: users, a stage with wheels, a mirror with cached files. docs/formats/devpi-dump.md
tells the form."""
import hashlib
import json
import random
import sqlite3
import struct

MODIFIED = "Fri, 12 Sep 2014 13:18:55 GMT"
GONE = "http://127.0.0.1:9"  # where the mirror's upstream was


def dump(value):
    """One value, without the end."""
    def sized(code, raw):
        return code + struct.pack("!i", len(raw)) + raw

    def collection(code, items):
        return b"".join(map(dump, items)) + code + struct.pack("!i", len(items))

    if value is None or isinstance(value, bool):
        return {None: b"L", True: b"R", False: b"C"}[value]
    if isinstance(value, int):
        return b"F" + struct.pack("!i", value)
    if isinstance(value, str):
        return sized(b"N", value.encode())
    if isinstance(value, tuple):
        return collection(b"@", value)
    if isinstance(value, set):
        return collection(b"O", value)
    if isinstance(value, list):
        return b"K" + struct.pack("!i", len(value)) + b"".join(dump(i) + dump(v) + b"P" for i, v in enumerate(value))
    return b"J" + b"".join(dump(k) + dump(v) + b"P" for k, v in value.items())


class DevpiDirectory:
    def __init__(self, path, pwhash=""):
        self.path, self.serial = path, 0
        path.mkdir(parents=True)
        (path / ".nodeinfo").write_text(json.dumps({"role": "standalone", "uuid": "0123456789abcdef" * 2}))
        (path / ".serverversion").write_text("4")
        self.database = sqlite3.connect(path / ".sqlite")
        self.database.executescript("CREATE TABLE kv(key TEXT NOT NULL PRIMARY KEY, keyname TEXT, serial INTEGER);"
                                    "CREATE TABLE changelog(serial INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        mirror = {"type": "mirror", "volatile": False, "mirror_url": GONE + "/simple/"}
        stage = {"type": "stage", "bases": ("ann/mirror",), "volatile": True, "acl_upload": ["ann"]}
        self.commit({".config": ("USERLIST", {"ann"}),
                     "ann/.config": ("USER", {"pwhash": pwhash, "email": "ann@example.org", "created": "2020-01-01T00:00:00Z",
                                              "indexes": {"mirror": mirror, "dev": stage}})})

    def commit(self, changes):
        """{key: (keyname, value)}, as one transaction."""
        entry = ({key: (keyname, -1, value) for key, (keyname, value) in changes.items()}, [])
        self.database.execute("INSERT INTO changelog VALUES(?, ?)", (self.serial, dump(entry) + b"Q"))
        self.database.executemany("INSERT OR REPLACE INTO kv VALUES(?, ?, ?)", [(k, n, self.serial) for k, (n, _) in changes.items()])
        self.serial += 1

    def stored(self, index, filename, content, **more):
        """Puts a file down: (its key, its entry)."""
        digest = hashlib.sha256(content).hexdigest()
        key = "%s/+f/%s/%s/%s" % (index, digest[:3], digest[3:16], filename)
        path = self.path / "+files" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return key, {"hash_spec": "sha256=" + digest, "hashes": {"sha256": digest}, "last_modified": MODIFIED, **more}

    def release(self, name, version, files):
        """files: {file name: bytes}"""
        changes, links = {}, []
        for filename, content in files.items():
            key, entry = self.stored("ann/dev", filename, content)
            changes[key] = ("STAGEFILE", entry)
            log = [{"what": "upload", "who": "ann", "when": (2014, 9, 12, 13, 18, 55), "dst": "ann/dev"}]
            links.append({"rel": "releasefile", "entrypath": key, "hash_spec": entry["hash_spec"], "hashes": entry["hashes"], "_log": log})
        changes["ann/dev/%s/.versions" % name] = ("PROJVERSIONS", {version})
        changes["ann/dev/%s/%s/.config" % (name, version)] = ("PROJVERSION", {"name": name, "version": version, "+elinks": links})
        self.commit(changes)

    def cached(self, name, files):
        """A page of the mirror whose files were all fetched. {file name: bytes}"""
        changes, links = {}, []
        for filename, content in files.items():
            key, entry = self.stored("ann/mirror", filename, content, url="%s/files/%s" % (GONE, filename))
            changes[key] = ("STAGEFILE", entry)
            links.append((filename, key + "#" + entry["hash_spec"]))
        page = {"links": links, "requires_python": [None] * len(links), "yanked": [None] * len(links), "serial": 1, "etag": None}
        changes["ann/mirror/%s/.simple" % name] = ("PROJSIMPLELINKS", page)
        self.commit(changes)

    def close(self, projects, mirrored):
        self.commit({"ann/dev/.projects": ("PROJNAMES", set(projects)), "ann/mirror/.projects": ("PROJNAMES", set(mirrored))})
        self.database.commit()
        self.database.close()


def noise(size, seed):
    return random.Random(seed).randbytes(size)
