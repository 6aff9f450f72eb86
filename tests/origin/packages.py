"""Wheels and sdists made on the spot: small, valid, the same bytes for the same arguments. Nothing is taken from outside."""
import base64
import gzip
import hashlib
import io
import random
import re
import tarfile
import zipfile

STAMP = (2026, 1, 1, 0, 0, 0)  # of every member, so that the bytes do not depend on the day
STAMP_UNIX = 1767225600

# A build backend inside the sdist itself: pip needs neither setuptools nor an index to build from it.
BACKEND = '''\
import base64, hashlib, os, zipfile

NAME, VERSION, MODULE = %(name)r, %(version)r, %(module)r


def get_requires_for_build_wheel(config_settings=None):
    return []


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = "%%s-%%s.dist-info" %% (MODULE, VERSION)
    members = {MODULE + "/__init__.py": open(os.path.join(MODULE, "__init__.py"), "rb").read(),
               info + "/METADATA": open("PKG-INFO", "rb").read(),
               info + "/WHEEL": b"Wheel-Version: 1.0\\nGenerator: backend\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    record = []
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record.append("%%s,sha256=%%s,%%d" %% (name, digest, len(data)))
    members[info + "/RECORD"] = ("\\n".join(record + [info + "/RECORD,,"]) + "\\n").encode()
    wheel = "%%s-%%s-py3-none-any.whl" %% (MODULE, VERSION)
    with zipfile.ZipFile(os.path.join(wheel_directory, wheel), "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return wheel
'''


def normalize(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def module_of(name):
    return normalize(name).replace("-", "_")


def metadata(name, version, requires=(), requires_python=">=3.7", summary=None, fields=(), description=None):
    """`fields`: further lines, as "Keywords: a,b"."""
    lines = ["Metadata-Version: 2.1", "Name: " + name, "Version: " + version, "Summary: " + (summary or "made for a test of " + name),
             "Author: Nobody", "License: MIT", "Classifier: Programming Language :: Python :: 3"]
    if requires_python:
        lines.append("Requires-Python: " + requires_python)
    lines += ["Requires-Dist: " + r for r in requires] + list(fields)
    return ("\n".join(lines) + "\n\n" + (description or "A package that exists to be installed.\n")).encode()


def _source(version, marker):
    return ("__version__ = %r\nMARKER = %r\n" % (version, marker)).encode()


def make_wheel(name, version, requires=(), requires_python=">=3.7", marker="", filler=0, **more):
    """(file name, bytes). `marker` makes other bytes of the same release; `filler` adds so many incompressible bytes; `more` is for metadata()."""
    module = module_of(name)
    info = "%s-%s.dist-info" % (module, version)
    members = {module + "/__init__.py": _source(version, marker)}
    if filler:
        members[module + "/data.bin"] = random.Random("%s %s %s" % (name, version, marker)).randbytes(filler)
    members[info + "/METADATA"] = metadata(name, version, requires, requires_python, **more)
    members[info + "/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = []
    for path, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record.append("%s,sha256=%s,%d" % (path, digest, len(data)))
    members[info + "/RECORD"] = ("\n".join(record + [info + "/RECORD,,"]) + "\n").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            entry = zipfile.ZipInfo(path, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data)
    return "%s-%s-py3-none-any.whl" % (module, version), out.getvalue()


def make_sdist(name, version, requires=(), requires_python=">=3.7", marker=""):
    """(file name, bytes) of an sdist that builds without anything else."""
    module = module_of(name)
    top = "%s-%s" % (module, version)
    members = {
        "PKG-INFO": metadata(name, version, requires, requires_python),
        "pyproject.toml": b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": (BACKEND % {"name": name, "version": version, "module": module}).encode(),
        module + "/__init__.py": _source(version, marker),
    }
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in members.items():
            entry = tarfile.TarInfo(top + "/" + path)
            entry.size, entry.mtime, entry.mode = len(data), STAMP_UNIX, 0o644
            archive.addfile(entry, io.BytesIO(data))
    return top + ".tar.gz", gzip.compress(raw.getvalue(), 6, mtime=STAMP_UNIX)


def wheel_metadata(data):
    """The METADATA bytes inside a wheel; None when there are none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
            return archive.read(names[0]) if names else None
    except zipfile.BadZipFile:
        return None


# What the stand-in origin has, by the names of real projects: enough for a tree of dependencies, older versions, an sdist that must be
# built, a yanked file and a name that is not normalised.
def corpus():
    """[(project, [(file name, bytes, yanked)])]"""
    def wheel(name, version, requires=(), yanked=False, **more):
        return (*make_wheel(name, version, requires, **more), yanked)

    def sdist(name, version, requires=()):
        return (*make_sdist(name, version, requires), False)

    flask = ["Werkzeug>=3.0", "Jinja2>=3.1.2", "itsdangerous>=2.1.2", "click>=8.1.3", "blinker>=1.6.2"]
    requests = ["charset-normalizer<4,>=2", "idna<4,>=2.5", "urllib3<3,>=1.21.1", "certifi>=2017.4.17"]
    return [
        ("Flask", [wheel("Flask", "3.0.3", flask), wheel("Flask", "3.1.3", flask), sdist("Flask", "3.1.3", flask)]),
        ("Werkzeug", [wheel("Werkzeug", "3.1.9", ["MarkupSafe>=2.1.1"], filler=200_000)]),
        ("Jinja2", [wheel("Jinja2", "3.1.6", ["MarkupSafe>=2.0"], filler=100_000)]),
        ("MarkupSafe", [wheel("MarkupSafe", "2.1.5"), wheel("MarkupSafe", "3.0.4")]),
        ("itsdangerous", [wheel("itsdangerous", "2.2.0")]),
        ("click", [wheel("click", "8.1.7"), wheel("click", "8.5.1")]),
        ("blinker", [wheel("blinker", "1.9.0")]),
        ("requests", [wheel("requests", "2.31.0", requests), wheel("requests", "2.32.0", requests, yanked="Yanked due to conflicts"),
                      wheel("requests", "2.34.2", requests), sdist("requests", "2.34.2", requests)]),
        ("charset-normalizer", [wheel("charset-normalizer", "3.5.2", filler=50_000)]),
        ("idna", [wheel("idna", "3.20")]),
        ("urllib3", [wheel("urllib3", "1.26.20"), wheel("urllib3", "2.8.0", filler=120_000)]),
        ("certifi", [wheel("certifi", "2026.10.18", filler=150_000)]),
        ("six", [wheel("six", "1.16.0"), wheel("six", "1.17.0")]),
        ("sampleproject", [wheel("sampleproject", "3.0.0"), sdist("sampleproject", "3.0.0"), sdist("sampleproject", "4.0.0")]),
        ("zope.interface", [wheel("zope.interface", "8.7")]),
    ]
