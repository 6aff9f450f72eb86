// The lines to copy, for every tool that installs from an index or uploads to it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/html.h"

namespace bodega::web {

struct SnippetWish {
  std::string base;          // "https://packages.example.com", without a final slash
  std::string key;           // "user/index"
  bool uploads = true;       // the index takes some
  bool needs_login = false;  // to read it
  std::string user{};        // who reads the page; empty: nobody knows
  std::string package{"PACKAGE"};
};

struct Snippet {
  std::string what;  // "for every project"
  std::string text;
};
struct Tool {
  std::string name;
  std::vector<Snippet> snippets;
};
std::vector<Tool> tools_for(const SnippetWish& wish);

// As tabs. `group`: unique on the page.
void write_tools(Html& html, const std::vector<Tool>& tools, std::string_view group);

}  // namespace bodega::web
