// The JSON form of the simple API (PEP 691, 700, 714, 740, 792), read tolerantly: it is untrusted input.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/url.h"
#include "pypi/format/page.h"

namespace bodega::pypi {

// Reads a page while it arrives; one thread at a time. Holds what it has read and at most a quarter of a megabyte of text.
//
// `base` is the URL the page came from after redirects; `name` is the normalised name that was asked for. Unknown keys and optional keys
// of a wrong type are ignored; a file without name or URL, or with a hostile name, is left out. Code::invalid, from either call: no JSON,
// not an object, another major api-version, or a page that says it is of another project.
class JsonPageReader {
 public:
  JsonPageReader(Url base, std::string name);
  ~JsonPageReader();
  JsonPageReader(const JsonPageReader&) = delete;
  JsonPageReader& operator=(const JsonPageReader&) = delete;

  Result<void> feed(std::string_view text);
  Result<ProjectPage> finish();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

// The same of a page that is all here.
Result<ProjectPage> parse_json_page(std::string_view body, const Url& base, std::string_view name);

// Does the body begin like JSON, whatever its Content-Type said?
bool looks_like_json(std::string_view body);

}  // namespace bodega::pypi
