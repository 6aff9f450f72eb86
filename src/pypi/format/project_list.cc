#include "pypi/format/project_list.h"

#include "base/text.h"
#include "pypi/format/names.h"
#include "pypi/format/project_list_reader.h"

namespace bodega::pypi {

ProjectListScanner::ProjectListScanner(PageFormat format)
    : reader_(format == PageFormat::json ? make_json_list_reader() : make_html_list_reader()) {}
ProjectListScanner::~ProjectListScanner() = default;
ProjectListScanner::ProjectListScanner(ProjectListScanner&&) noexcept = default;
ProjectListScanner& ProjectListScanner::operator=(ProjectListScanner&&) noexcept = default;

Result<void> ProjectListScanner::feed(std::string_view bytes, const OnName& on_name) { return reader_->feed(bytes, on_name); }
Result<void> ProjectListScanner::finish() { return reader_->finish(); }
std::uint64_t ProjectListScanner::last_serial() const { return reader_->last_serial; }
std::uint64_t ProjectListScanner::names() const { return reader_->names; }

void ProjectListWriter::head(std::string& out) const {
  if (format_ == PageFormat::html) {
    out +=
        "<!DOCTYPE html>\n<html lang=\"en\">\n  <head>\n    <meta name=\"pypi:repository-version\" content=\"1.4\">\n    <title>Simple "
        "index</title>\n"
        "  </head>\n  <body>\n";
    return;
  }
  out += "{\"meta\":{";
  if (last_serial_ != 0) out.append("\"_last-serial\":").append(std::to_string(last_serial_)).append(",");
  out += "\"api-version\":\"1.4\"},\"projects\":[";
}

void ProjectListWriter::entry(std::string& out, std::string_view name) {
  if (format_ == PageFormat::html) {
    out.append("<a href=\"").append(normalize_name(name)).append("/\">").append(name).append("</a><br>\n");
    return;
  }
  if (!first_) out += ',';
  first_ = false;
  out.append("{\"name\":\"").append(name).append("\"}");
}

void ProjectListWriter::tail(std::string& out) const {
  if (format_ == PageFormat::json) {
    out += "]}";
    return;
  }
  out += "</body>\n</html>\n";
  if (last_serial_ != 0) out.append("<!--SERIAL ").append(std::to_string(last_serial_)).append("-->");
}

}  // namespace bodega::pypi
