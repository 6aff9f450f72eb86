// The root list of the simple API: hundreds of thousands of names, tens of megabytes. Read and written in pieces, in constant memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pypi/index/negotiate.h"

namespace bodega::pypi {

// Takes an upstream's list (untrusted) as it arrives. One owner, any one thread at a time.
class ProjectListScanner {
 public:
  explicit ProjectListScanner(PageFormat format);
  ~ProjectListScanner();
  ProjectListScanner(ProjectListScanner&&) noexcept;
  ProjectListScanner& operator=(ProjectListScanner&&) noexcept;

  // Called with each name as the list spells it; always a valid name (names.h), not normalised, duplicates not removed. The view is valid
  // during the call.
  using OnName = std::function<void(std::string_view name)>;

  // Code::invalid once the list is broken: no JSON, nested deeper than 64, another major version. Names that are none are passed over.
  Result<void> feed(std::string_view bytes, const OnName& on_name);
  // Code::invalid when the list is not complete: JSON that ends early or has no projects; HTML without one name that does not say that it
  // is an index.
  Result<void> finish();

  std::uint64_t last_serial() const;  // 0: not told (yet)
  std::uint64_t names() const;        // how many so far

  class Reader;  // the two forms; project_list_json.cc, project_list_html.cc

 private:
  std::unique_ptr<Reader> reader_;
};

// Writes a list piece by piece. Names must be valid; they are written as given, links are normalised.
class ProjectListWriter {
 public:
  ProjectListWriter(PageFormat format, std::uint64_t last_serial) : format_(format), last_serial_(last_serial) {}
  void head(std::string& out) const;
  void entry(std::string& out, std::string_view name);
  void tail(std::string& out) const;

 private:
  PageFormat format_;
  std::uint64_t last_serial_;
  bool first_ = true;
};

}  // namespace bodega::pypi
