"""What the fuzz targets begin with: SEEDS[target] are inputs that a target takes or nearly takes, WORDS[target] its dictionary. tools/fuzz writes
them down for libFuzzer; what a run finds beyond them stays in build/fuzz/corpus."""
import gzip
import io
import pathlib
import sys
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/origin"))
sys.path.insert(0, str(ROOT / "tests/faults"))
import packages  # noqa: E402
from devpi_directory import dump  # noqa: E402

DIGEST = "ab" * 32
METADATA = (b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\nSummary: one\n  and more\nRequires-Python: >=3.8\nClassifier: A :: B\n"
            b"Classifier: C\nProject-URL: Home, https://foo.test/\nDescription-Content-Type: text/markdown\n\n# foo\n\ntext\n")


def zipped(files, method=zipfile.ZIP_DEFLATED):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return raw.getvalue()


def tarred(files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def archives():
    tar = tarred({"foo-1.0/PKG-INFO": METADATA, "foo-1.0/setup.py": b""})
    docs = zipped({"index.html": b"<h1>foo</h1>", "a/b.css": b""})
    return [b"\0" + packages.make_wheel("foo", "1.0")[1], b"\1" + gzip.compress(tar, mtime=0), b"\2" + zipped({"foo-1.0/PKG-INFO": METADATA}),
            b"\2" + zipped({"foo-1.0/PKG-INFO": METADATA}, zipfile.ZIP_STORED), b"\3" + tar, b"\4" + docs]


def json_pages():
    one = ('{"meta":{"api-version":"1.4","_last-serial":42},"name":"foo","versions":["1.0"],"files":[{"filename":"foo-1.0-py3-none-any.whl","url":'
           '"../../packages/aa/foo-1.0-py3-none-any.whl","hashes":{"sha256":"%s"},"size":7,"requires-python":">=3.8","yanked":"why",'
           '"core-metadata":{"sha256":"%s"},"upload-time":"2024-05-06T07:08:09.123456Z","provenance":null,"gpg-sig":false}]}' % (DIGEST, DIGEST))
    away = '{"meta":{"api-version":"1.4"},"name":"foo","files":[],"project-status":{"status":"quarantined","reason":"bad"}}'
    return [one.encode(), away.encode()]


def html_pages():
    one = ('<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.3"><title>Links for foo</title></head><body>'
           '<a href="../../packages/aa/foo-1.0.tar.gz#sha256=%s" data-requires-python="&gt;=3.8" data-yanked="why" data-core-metadata="sha256=%s">'
           'foo-1.0.tar.gz</a><br/>\n<!-- c --><A HREF=foo-2.0.zip>foo-2.0.zip</A></body></html>' % (DIGEST, DIGEST))
    return [one.encode(), b'<base href="https://files.test/x/"><a href="foo-1.0.tar.gz">foo-1.0.tar.gz</a>']


def forms():
    part = b"--b\r\nContent-Disposition: form-data; name=\":action\"\r\n\r\nfile_upload\r\n"
    file = (b"--b\r\nContent-Disposition: form-data; name=\"content\"; filename=\"foo-1.0.zip\"\r\nContent-Type: application/zip\r\n"
            b"Content-Length: 3\r\n\r\nPK\x03\r\n")
    return [b"\0" + part + file + b"--b--\r\n", b"\0preamble\r\n" + part + b"--b-- epilogue", b"\1-- --\r\n\r\n\r\nx\r\n---- ----\r\n",
            b"\0a=1&b=%20+%zz&c", b"\0multipart/form-data; boundary=\"a b\"; x=\"\\\"\"", b"\0form-data; name=\"a\"; filename*=utf-8''f%C3%BC"]


def calls():
    search = (b"<?xml version='1.0'?>\n<methodCall>\n<methodName>search</methodName>\n<params>\n<param><value><struct><member><name>name</name>"
              b"<value><array><data><value><string>foo &amp; &#98;</string></value></data></array></value></member></struct></value></param>\n"
              b"<param><value>or</value></param>\n</params>\n</methodCall>")
    return [search, b"<methodCall><methodName>x</methodName><params/></methodCall>",
            b"<methodCall><methodName><![CDATA[a]]></methodName><params><param><value><int>7</int></value></param></params></methodCall>"]


GET = (b"GET /root/pypi/+simple/foo/?a=b HTTP/1.1\r\nHost: localhost:3141\r\nAccept: */*\r\nIf-None-Match: \"e\", W/\"f\"\r\nRange: bytes=1-5\r\n"
       b"If-Range: \"e\"\r\nConnection: keep-alive\r\n\r\n")
POST = b"POST /a/b/ HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nExpect: 100-continue\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
MARKDOWN = (b"\0# Title\n\n* a\n* b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[link](https://a.test 'x') ![i](j.png) <b onclick=x>b</b> `code`\n\n```py\nx\n```\n"
            b"> q\n\n~~s~~ www.a.test &amp;\n")
RST = (b"\1Title\n=====\n\n:field: value\n\n.. image:: x.png\n   :target: https://a.test\n\n.. code-block:: python\n\n   x = 1\n\n* a\n\n  b\n\n1. c\n\n"
       b"+---+---+\n| a | b |\n+===+===+\n| 1 | 2 |\n+---+---+\n\n`text <https://a.test>`_ ``lit`` *em* **st** |sub| [1]_\n\n.. |sub| replace:: x\n.. [1] note\n")
HTML = b"\3<p class='a' style=x>t<a href=javascript:x rel=y>l</a><img src='https://a.test/i.png'><script>x</script><table><tr><td align=right>c</table>&lt;"

SEEDS = {
    "archive": archives(),
    "description": [MARKDOWN, RST, b"\2plain <b> https://a.test/\n", HTML],
    "devpi_dump": [dump(value) + b"Q" for value in (None, {"a": [1, "x", True]}, ({"root/pypi/.config": ("IXCONFIG", 0, {"type": "mirror"})}, []))],
    "filename": [b"foo-1.0-py3-none-any.whl", b"foo_bar-1.0.post1-1-cp311-abi3-manylinux_2_17_x86_64.whl", b"foo-bar-1.0rc1.tar.gz", b"foo-1.0.win32-py2.7.exe",
                 b"foo-1.0-py3.8.egg", b"foo-1!2.0+local.zip"],
    "http_chunked": [b"5\r\nhello\r\n0\r\n\r\n", b"a;x=\"y\"\r\n0123456789\r\n00\r\nTrailer: t\r\n\r\n", b"5\nhello\n0\n\n", b"ffffffffffffffff\r\n"],
    "http_form": forms(),
    "http_head": [GET, POST, b"PUT / HTTP/1.0\r\n\r\n", b"GET http://a.test/%2e%2e/b HTTP/1.1\r\nHost: [::1]:1\r\nTransfer-Encoding: chunked\r\n\r\n"],
    "http_range": [(1000).to_bytes(8, "little") + text for text in (b"bytes=0-4", b"bytes=-5", b"bytes=999-", b"bytes=0-1,3-4", b"\"abc\", W/\"d\", *",
                   b"Sun, 06 Nov 1994 08:49:37 GMT", b"for=\"[::1]:80\";host=a.test;proto=https, for=10.0.0.1", b"https://a.lab:8443/x", b"10.0.0.1, 127.0.0.1")],
    "links": [b"+f/packages/aa/foo-1.0.tar.gz\npackages/aa/foo-1.0.tar.gz\nfoo-1.0.tar.gz",
              b"+f/ab0/1234567890123/foo-1.0.zip\nx/y?a=b\nfoo-1.0.zip", b"+e/https_files.test_x/foo-1.0.zip\n%2e%2e/a%20b\nfoo 1.zip"],
    "metadata": [METADATA, b"Name: a\r\nVersion: 1\r\nDescription: x\r\n        |y\r\n\r\n"],
    "negotiate": [b"\0application/vnd.pypi.simple.v1+json, text/html;q=0.2, */*;q=0", b"\3gzip;q=0.5, zstd, identity;q=0, *;q=1.000", b"\4application/json"],
    "page_html": html_pages(),
    "page_json": json_pages(),
    "page_stored": [b"", b"\x03foo\x01" + bytes(40), *json_pages()],
    "project_list": [b'{"meta":{"api-version":"1.1"},"projects":[{"name":"foo","_last-serial":1},{"name":"b\\u0061r"}]}',
                     b'<html><body><a href="/simple/foo/">Foo</a>\n<a href=bar>b&amp;r</a></body></html>'],
    "search_query": [b'foo bar', b'"two words" -not (a OR b) name:foo* path:root/pypi', b'type:project AND summary:x^3 NOT y', b'((((((a', "f\u00fc\u4e2d".encode()],
    "search_text": [MARKDOWN, RST, b"\2plain <b> https://a.test/\n", HTML],
    "version": [b"1.0.post1\n>=1.0,<2,!=1.5.*", b"1!2.0rc1+local.1\n~=1.4.2", b"v1.0-1\n===1.0", b"1.0.dev3\n1.0a2.post4.dev5"],
    "xmlrpc": calls(),
}

HEADERS = ["\r\n", "\r\n\r\n", ": ", "Host", "Content-Length", "Transfer-Encoding", "chunked", "Range", "If-Range", "If-None-Match", "Expect", "Connection", "HTTP/1.1", "HTTP/1.0",
           "%2e", "%2f", "%00", "//", "/../", "?", "bytes=", "W/\"", "\""]
JSON = ["{", "}", "[", "]", ":", ",", "\"", "\\u00", "null", "true", "false", "\"meta\"", "\"api-version\"", "\"files\"", "\"filename\"", "\"url\"", "\"hashes\"", "\"sha256\"", "\"size\"",
        "\"yanked\"", "\"requires-python\"", "\"core-metadata\"", "\"upload-time\"", "\"provenance\"", "\"projects\"", "\"name\"", "\"versions\"", "\"project-status\"", DIGEST]
MARKUP = ["<a ", "href=", "</a>", "<!--", "-->", "<!DOCTYPE", "&amp;", "&#", "&lt;", "<base ", "<meta ", "data-yanked=", "data-requires-python=", "data-core-metadata=",
          "#sha256=", "<script", "<table>", "<img src=", "style=", "javascript:", "onclick=", DIGEST]
WORDS = {
    "archive": ["PK\1\2", "PK\3\4", "PK\5\6", "PK\6\6", "PK\6\7", "ustar\x0000", "\x1f\x8b", ".dist-info/METADATA", "RECORD", "WHEEL", "PKG-INFO", "foo-1.0/", "index.html", "../"],
    "description": [*MARKUP, "```", "~~~", "](", "![", "|---|", "===", "---", ".. ", ":: ", "``", "`_", "|x|", "+--", "   ", "\n\n", "* ", "1. ", "> ", "[^1]", ":field:"],
    "devpi_dump": ["N", "A", "J", "P", "Q", "R", "C", "L", "O", "@", "K", "D", "F", "G", "H", "I", "T", "\0\0\0\1", "\xff\xff\xff\xff"],
    "filename": ["-py3-none-any.whl", ".tar.gz", ".zip", ".egg", ".exe", ".whl", "-cp311-abi3-", "manylinux_2_17_x86_64", ".post", ".dev", "rc", "1!", "+", "_", ".metadata"],
    "http_chunked": ["\r\n", "0\r\n\r\n", "ffffffff", ";", "=", "\""],
    "http_form": ["--b", "\r\n--b--", "\r\n", "Content-Disposition: form-data", "; name=\"", "; filename=\"", "filename*=utf-8''", "Content-Type: ", "\\\"", "--- --", "boundary=", "%", "&", "="],
    "http_head": ["GET ", "POST ", *HEADERS],
    "http_range": ["bytes=", "-", ",", "W/\"", "\"abc\"", "*", " GMT", "for=", "host=", "proto=", "by=", "[::1]", "127.0.0.1", ";", "18446744073709551615", "unknown", "https://"],
    "links": ["+f/", "+e/", "%2f", "%25", "../", "?", "#", ".metadata", ".tar.gz", "packages/", "\n"],
    "metadata": ["Name: ", "Version: ", "Description: ", "Requires-Dist: ", "Requires-Python: ", "Classifier: ", "\n ", "\n        |", "\r\n", "\n\n", "Metadata-Version: 2.4"],
    "negotiate": ["application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.latest+html", "text/html", "*/*", ";q=", "0.", "1.000", "gzip", "zstd", "identity", "*", ",", "\""],
    "page_html": MARKUP,
    "page_json": JSON,
    "page_stored": ["foo", "\0\0\0\0", "\xff\xff\xff\xff", ".whl", DIGEST],
    "project_list": [*JSON, *MARKUP],
    "search_query": ["\"", "(", ")", " OR ", " AND ", " NOT ", "-", "*", "^", "name:", "path:", "type:", "summary:", "\u00fc", "\u4e2d"],
    "search_text": [*MARKUP, "```", "](", "![", ".. ", ":: ", "``", "`_", "|", "===", "<nav", "<style", "<title>", "&nbsp;"],
    "version": ["1!", ".post", ".dev", "rc", "a", "b", "+", ".*", "~=", "===", "==", "!=", ">=", "<=", "<", ">", ",", "v", "-1", "\n"],
    "xmlrpc": ["<methodCall>", "<methodName>", "<params>", "<param>", "<value>", "<struct>", "<member>", "<name>", "<array>", "<data>", "<string>", "<int>", "</", "/>", "<?xml ",
               "<!DOCTYPE", "<![CDATA[", "]]>", "<!--", "&amp;", "&#x", "&#", "search", "list_packages"],
}


# What a core tries in about a minute: for runs that try the same everywhere.
TRIES = {
    "archive": 400_000, "description": 150_000, "devpi_dump": 1_400_000, "filename": 1_300_000, "http_chunked": 3_000_000, "http_form": 400_000,
    "http_head": 3_000_000, "http_range": 1_400_000, "links": 2_500_000, "metadata": 1_000_000, "negotiate": 1_000_000, "page_html": 330_000,
    "page_json": 700_000, "page_stored": 950_000, "project_list": 780_000, "search_query": 700_000, "search_text": 1_600_000,
    "version": 1_650_000, "xmlrpc": 2_600_000,
}


def write(target, folder):
    """The seeds of a target into folder/corpus/TARGET; the path of its dictionary."""
    corpus = folder / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[target]):
        (corpus / ("seed-%02d" % number)).write_bytes(seed)
    dictionary = folder / (target + ".dict")
    quoted = ("".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\\"" else "\\x%02x" % byte for byte in word.encode("latin-1" if max(word) < "\u0100" else "utf-8"))
              for word in WORDS[target])
    dictionary.write_text("".join('"%s"\n' % word for word in quoted))
    return dictionary
