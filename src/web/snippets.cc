#include "web/snippets.h"

#include "base/text.h"

namespace bodega::web {
namespace {

std::string index_url(const SnippetWish& wish) { return wish.base + "/" + percent_encode(wish.key, "/@"); }

// pip refuses plain http to other machines without being told; uv and the others do not mind.
std::string trusted_host(const SnippetWish& wish) {
  constexpr std::string_view kHttp = "http://";
  if (!wish.base.starts_with(kHttp)) return {};
  const auto authority = std::string_view(wish.base).substr(kHttp.size());
  const auto host = authority.substr(0, authority.find_first_of(authority.starts_with('[') ? "]" : ":/"));
  return host == "localhost" || host == "127.0.0.1" || host == "[::1" ? std::string() : std::string(host) + (host[0] == '[' ? "]" : "");
}

// With the place for a token, where one is needed.
std::string with_login(const SnippetWish& wish, std::string url) {
  if (!wish.needs_login) return url;
  const auto at = url.find("://") + 3;
  return url.insert(at, (wish.user.empty() ? "USER" : percent_encode(wish.user)) + ":TOKEN@");
}

std::vector<Tool> readers_of(const SnippetWish& wish) {
  const std::string simple = with_login(wish, index_url(wish) + "/+simple/");
  const std::string trust = trusted_host(wish);
  const std::string pip_trust = trust.empty() ? "" : " --trusted-host " + trust;
  return {
      {"pip",
       {{"Once", "pip install --index-url " + simple + pip_trust + " " + wish.package},
        {"For good",
         "pip config set global.index-url " + simple + (trust.empty() ? "" : "\npip config set global.trusted-host " + trust)}}},
      {"uv",
       {{"Once", "uv pip install --default-index " + simple + " " + wish.package},
        {"In pyproject.toml", "[[tool.uv.index]]\nname = \"bodega\"\nurl = \"" + simple + "\"\ndefault = true"}}},
      {"poetry", {{"In a project", "poetry source add --priority=primary bodega " + simple + "\npoetry add " + wish.package}}},
      {"pdm", {{"For good", "pdm config pypi.url " + simple + "\npdm add " + wish.package}}},
      {"devpi",
       {{"Use the index", "devpi use " + index_url(wish) +
                              (wish.needs_login ? "\ndevpi login " + (wish.user.empty() ? "USER" : wish.user) : "") + "\ndevpi install " +
                              wish.package}}},
  };
}

std::vector<Tool> writers_of(const SnippetWish& wish) {
  const std::string url = index_url(wish) + "/";
  const std::string user = wish.user.empty() ? "USER" : wish.user;
  return {
      {"twine", {{"Upload what lies in dist/", "twine upload --repository-url " + url + " --username " + user + " dist/*"}}},
      {"uv publish", {{"Upload what lies in dist/", "uv publish --publish-url " + url + " --username " + user + " dist/*"}}},
  };
}

std::vector<Tool> places_of(const SnippetWish& wish) {
  const std::string simple = with_login(wish, index_url(wish) + "/+simple/");
  const std::string trust = trusted_host(wish);
  return {
      {"Dockerfile",
       {{"Before the first install", "ENV PIP_INDEX_URL=" + simple + " \\\n    UV_DEFAULT_INDEX=" + simple +
                                         (trust.empty() ? "" : " \\\n    PIP_TRUSTED_HOST=" + trust)}}},
      {"CI",
       {{"GitLab: .gitlab-ci.yml; GitHub: the same below env:", "variables:\n  PIP_INDEX_URL: \"" + simple + "\"\n  UV_DEFAULT_INDEX: \"" +
                                                                    simple + "\"" +
                                                                    (trust.empty() ? "" : "\n  PIP_TRUSTED_HOST: \"" + trust + "\"")}}},
  };
}

}  // namespace

std::vector<Tool> tools_for(const SnippetWish& wish) {
  auto tools = readers_of(wish);
  const auto add = [&tools](std::vector<Tool> more) {
    for (auto& tool : more) tools.push_back(std::move(tool));
  };
  if (wish.uploads) {
    for (auto& tool : tools) {
      if (tool.name == "devpi") tool.snippets.push_back({"Upload from a source tree", "devpi upload"});
    }
    add(writers_of(wish));
  }
  add(places_of(wish));
  return tools;
}

void write_tools(Html& html, const std::vector<Tool>& tools, std::string_view group) {
  html.open("div", {{"class", "tabs"}});
  for (std::size_t i = 0; i < tools.size(); ++i) {
    const std::string id = std::string(group) + "-" + std::to_string(i);
    html.leaf("input", {{"type", "radio"}, {"name", group}, {"id", id}, flag("checked", i == 0)});
    html.element("label", tools[i].name, {{"for", id}});
  }
  for (const auto& tool : tools) {
    html.open("div", {{"class", "panel"}});
    for (const auto& snippet : tool.snippets) {
      html.element("p", snippet.what);
      html.element("pre", snippet.text, {{"data-copy", "the lines for " + tool.name}, {"tabindex", "0"}});
    }
    html.close("div");
  }
  html.close("div");
}

}  // namespace bodega::web
