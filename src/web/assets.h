// The files that pages are made with: style, script, pictures. They are part of the program.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace bodega::web {

struct Asset {
  std::string_view name;  // "bodega.css"
  std::string_view bytes;
};
// All of them, by name. Static storage; made from src/web/assets by the build.
std::span<const Asset> embedded_assets();

class Assets {
 public:
  // `version`: Bodega's own.
  explicit Assets(std::string_view version);

  // "/+static-<version>-<digest of all assets>/"
  const std::string& folder() const { return folder_; }

  // `tag` is what stands behind "+static-", `name` the file. Under the tag of this build for ever; under another one, as a page of an older
  // build asks for it, only this once. nullopt: no such file.
  std::optional<http::Response> get(const http::Request& request, std::string_view tag, std::string_view name);

 private:
  std::string tag_;
  std::string folder_;
  std::map<std::string, std::shared_ptr<const std::string>, std::less<>> gzipped_;  // made on first demand
};

}  // namespace bodega::web
