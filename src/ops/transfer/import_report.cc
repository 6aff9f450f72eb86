#include "ops/transfer/import_report.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "pypi/format/json_value.h"

namespace bodega::ops {
namespace {

struct Line {
  std::string_view key;  // of JSON
  std::string_view text;
  std::uint64_t ImportReport::*count;
};

constexpr std::array kTaken{
    Line{"users", "users", &ImportReport::users},
    Line{"indexes", "indexes", &ImportReport::indexes},
    Line{"projects", "projects", &ImportReport::projects},
    Line{"releases", "releases", &ImportReport::releases},
    Line{"files", "files of releases", &ImportReport::files},
    Line{"attachments", "docs and test results", &ImportReport::attachments},
    Line{"pages", "pages of mirrors", &ImportReport::pages},
    Line{"cached", "files of mirrors", &ImportReport::cached},
    Line{"bytes", "bytes", &ImportReport::bytes},
    Line{"linked", "  not copied but shared", &ImportReport::linked},
};
constexpr std::array kTroubles{
    Line{"damaged", "damaged", &ImportReport::damaged},
    Line{"missing", "missing", &ImportReport::missing},
    Line{"skipped", "skipped", &ImportReport::skipped},
    Line{"warnings", "warnings", &ImportReport::warnings},
};

}  // namespace

void ImportReport::add(Finding finding) {
  switch (finding.kind) {
    case Finding::Kind::damaged: ++damaged; break;
    case Finding::Kind::missing: ++missing; break;
    case Finding::Kind::skipped: ++skipped; break;
    case Finding::Kind::warning: ++warnings; break;
  }
  if (findings.size() < kMostFindings) findings.push_back(std::move(finding));
}

std::string_view to_string(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::damaged: return "damaged";
    case Finding::Kind::missing: return "missing";
    case Finding::Kind::skipped: return "skipped";
    case Finding::Kind::warning: return "warning";
  }
  return "";
}

std::string to_text(const ImportReport& report) {
  std::string out;
  for (const auto& line : kTaken) out += fmt::format("{:<28} {:>14}\n", line.text, report.*line.count);
  for (const auto& line : kTroubles) {
    if (report.*line.count > 0) out += fmt::format("{:<28} {:>14}\n", line.text, report.*line.count);
  }
  return out;
}

std::string to_json(const ImportReport& report) {
  auto out = pypi::Json::object();
  for (const auto& line : kTaken) out.set(line.key, report.*line.count);
  for (const auto& line : kTroubles) out.set(line.key, report.*line.count);
  auto findings = pypi::Json::array();
  for (const auto& finding : report.findings) {
    findings.push_back(pypi::Json::Object{{"kind", to_string(finding.kind)}, {"what", finding.what}, {"why", finding.why}});
  }
  out.set("findings", std::move(findings));
  return out.pretty() + "\n";
}

}  // namespace bodega::ops
