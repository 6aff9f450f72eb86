"""The hostile corpus put into every place where strangers write: facts of releases, names and titles, feeds, documentation, and addresses."""
import io
import json
import urllib.parse
import zipfile

import harness
from harness import ask, basic

INDEX = "kim/dev"
PLACES = 40  # payloads that are tried in the places beside descriptions

# Scripts of documentation run. What they must not get at tells __fell(), which the browser's test offers to every frame; __told() says that
# they ran at all.
DOCS = {
    "cookies": "document.cookie.includes('session') && __fell('the cookie is there'); document.cookie = 'trap=1';",
    "storage": "localStorage.setItem('trap', '1'); __fell('the storage of the server');",
    "database": "indexedDB.open('trap').onsuccess = () => __fell('the databases of the server');",
    "parent": "parent.trap = 1; if (parent !== self) __fell('the page around it');",
    "parent-document": "if (parent !== self && parent.document.body) __fell('the document around it');",
    "top": "if (top !== self) { top.document.title = 'trap'; __fell('the title of the page around it'); }",
    "frame-element": "if (frameElement) __fell('the frame it is in');",
    "account": "fetch('/+manage/account', {credentials: 'include'}).then((r) => r.text()).then((t) => __fell('the account: ' + t.length));",
    "api": "fetch('/+token', {credentials: 'include'}).then((r) => r.text()).then((t) => __fell('the tokens: ' + t.length));",
    "upload": "fetch('/kim/dev', {method: 'DELETE', credentials: 'include'}).then((r) => r.ok && __fell('it deleted an index'));",
    "xhr": "const x = new XMLHttpRequest(); x.open('GET', '/+manage/account'); x.withCredentials = true; x.onload = () => __fell('xhr'); x.send();",
    "opener": "if (opener) { opener.trap = 1; __fell('the opener'); }",
    "worker": "navigator.serviceWorker.register('evil.js').then(() => __fell('a service worker'));",
    "cache": "caches.open('trap').then(() => __fell('the caches of the server'));",
    "domain": "document.domain = location.hostname; __fell('a domain of its own');",
    "window": "const w = window.open('/+manage/account'); if (w && w.document.body.innerHTML) __fell('a window of ours');",
    "frame": "const f = document.createElement('iframe'); f.src = '/+manage/account'; f.onload = () => f.contentDocument && __fell('a frame of ours');"
             "document.body.append(f);",
    "logout-form": "</script><form method=post action=/+manage/logout><input name=csrf value=x></form><script>document.forms[0].submit();",
    "index-form": "</script><form method=post action=/+manage/delete-index/kim/dev><input name=sure value=kim/dev></form>"
                  "<script>document.forms[0].submit();",
    "message": "parent.postMessage({suggestions: [{name: '<img src=x onerror=trap=1>', href: 'javascript:trap=1'}]}, '*');",
    "modal": "alert('trap');",
    "pointer": "document.documentElement.requestFullscreen().then(() => __fell('the whole screen'));",
    "script-url": "if (parent !== self) { location = 'javascript:parent.trap=1'; }",
    "title": "document.title = '</title><script>trap=1</' + 'script>';",
}


def corpus():
    return json.loads((harness.ROOT / "tests/data/hostile/corpus.json").read_text())


def payloads():
    """Short ones that are HTML or addresses, each once."""
    texts = [entry["text"] for entry in corpus() if len(entry["text"]) < 300 and ("<" in entry["text"] or "javascript:" in entry["text"].lower())]
    return list(dict.fromkeys(text.encode("utf-8", "replace").decode() for text in texts))[:PLACES]


class Strangers:
    def __init__(self, bodega, password):
        self.bodega, self.password = bodega, password

    def post(self, fields, filename=None, content=b""):
        kind, body = harness.form(fields, filename, content)
        answer = ask("%s/%s/" % (self.bodega.url, INDEX), "POST", {**kind, **basic("kim", self.password)}, body)
        assert answer.status == 200, answer

    def api(self, method, path, body):
        answer = self.bodega.api(method, path, body, user="kim", password=self.password)
        assert answer.status in (200, 201), answer
        return answer

    def releases(self):
        """One for each entry of the corpus; their pages."""
        kinds = {"rst": "text/x-rst", "plain": "text/plain"}
        for number, entry in enumerate(corpus()):
            what = entry["text"].encode("utf-8", "replace").decode()
            fields = [(":action", "submit"), ("name", "hostile"), ("version", "1.%d" % number)]
            fields += [("description_content_type", kinds.get(entry["kind"], "text/markdown"))]
            fields += [(key, what) for key in ("summary", "description", "author", "license", "keywords", "home_page", "classifiers", "requires_dist")]
            fields += [("project_urls", "Label, " + what), ("project_urls", what + ", https://elsewhere.test/")]
            self.post(fields)
        return ["/%s/hostile/1.%d" % (INDEX, number) for number in range(len(corpus()))]

    def places(self):
        """Titles, options, reasons, comments, names of files and what a test printed; the pages that show them."""
        texts = payloads()
        paths = ["/", "/kim", "/+manage/account", "/+manage/user/kim", "/%s/hostile" % INDEX, "/%s" % INDEX]
        for number, text in enumerate(texts):
            index = "kim/trap-%d" % number
            self.api("PUT", "/" + index, {"type": "stage", "title": text, "description": text, "custom_data": {text: text}, "bases": [],
                                          "acl_pkg_read": ["kim"]})
            paths += ["/" + index, "/+manage/index/" + index]
        self.api("PUT", "/kim/trap-mirror", {"type": "mirror", "mirror_url": self.bodega.url + "/root/pypi/+simple/", "title": "six",
                                             "mirror_web_url_fmt": "javascript:window.trap=1//{name}"})
        self.api("PATCH", "/kim", {"title": " ".join(texts), "description": "\n".join(texts)})
        for text in texts[:10]:
            self.api("POST", "/+token", {"scope": "read", "comment": text})
        return paths + ["/kim/trap-mirror", "/kim/trap-mirror/six"] + self.results(texts)

    def results(self, texts):
        """A yanked file with test results."""
        filename, content = harness.packages.make_wheel("trapped", "1.0")
        self.post(harness.upload_fields("trapped", "1.0", content), filename, content)
        link, _ = self.bodega.link("trapped", r"\.whl$", INDEX)
        path = urllib.parse.urlsplit(link).path
        commands = [{"command": text, "retcode": 1, "output": text} for text in texts]
        env = {"python": {"version": texts[0], "executable": texts[1], "version_info": [3, 12, 1]}, "setup": commands[:5], "test": commands}
        self.api("POST", path, {"reportversion": "1", "toxversion": texts[2], "host": texts[3], "platform": texts[4], "testenvs": {texts[5]: env}})
        self.api("PATCH", path, {"yanked": texts[0]})
        page = "/%s/trapped/1.0" % INDEX
        results = "%s/+toxresults/%s" % (page, filename)
        newest = ask(self.bodega.url + results, headers={"Accept": "text/html"}).text.split('href="' + results + "/")[1].split('"')[0]
        return [page, results, results + "/" + newest]

    def feeds(self):
        return ["/%s/+feed" % INDEX, "/%s/hostile/+feed" % INDEX, "/+search?query=hostile&format=atom"]

    def addresses(self):
        quoted = [urllib.parse.quote(text.replace("\r", "").replace("\n", ""), safe="") for text in payloads()]
        paths = ["/+search?query=hostile", "/+search?query=trap"]
        for text in quoted:
            paths += ["/+search?query=" + text, "/+search?query=six&index=%s&license=%s" % (text, text), "/%s?filter=%s" % (INDEX, text),
                      "/+manage/login?back=" + text, "/%s/%s" % (INDEX, text)]
        return paths

    def documentation(self):
        """Pages of documentation, by themselves and in their frame."""
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as archive:
            for name, script in DOCS.items():
                archive.writestr(name + ".html", "<!doctype html><html lang=en><title>%s</title><body><h1>Docs</h1><script>__told();</script>"
                                                 "<script>%s</script>" % (name, script))
            archive.writestr("evil.js", "")
        self.post([(":action", "submit"), ("name", "hostile-docs"), ("version", "1.0")])
        self.post([(":action", "doc_upload"), ("name", "hostile-docs"), ("version", "1.0")], "hostile-docs.zip", raw.getvalue())
        return ["/%s/hostile-docs/1.0/%s/%s.html" % (INDEX, way, name) for name in DOCS for way in ("+doc", "+d")]
