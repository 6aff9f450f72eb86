// For tests only: the small pages of tests/data and a page with every kind of value in it.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "pypi/format/page.h"
#include "testing/source_dir.h"

namespace bodega::pypi {

// `relative` to tests/data; empty when it cannot be read.
inline std::string read_test_data(const std::string& relative) {
  std::ifstream in(testing::source_dir() / "tests/data" / relative, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline ProjectPage full_page() {
  const std::string digits(60, 'd');
  ProjectPage page;
  page.name = "foo-bar";
  page.api_version = "1.4";
  page.last_serial = 12345678901ULL;
  page.versions = {"1.0", "2.0", "1.0rc1"};
  page.status = ProjectStatus{"archived", "done & \"dusted\""};
  PageFile wheel;
  wheel.filename = "foo_bar-1.0-py3-none-any.whl";
  wheel.url = "https://files.test/packages/aa/bb/" + digits + "/" + wheel.filename;
  wheel.hashes = {{"sha256", std::string(64, 'a')}};
  wheel.requires_python = ">=3.8,<4";
  wheel.core_metadata = {true, {{"sha256", std::string(64, 'b')}}};
  wheel.size = 1234;
  wheel.upload_time = "2024-01-02T03:04:05.123456Z";
  wheel.provenance = "https://index.test/integrity/foo-bar/1.0/x/provenance";
  PageFile sdist;
  sdist.filename = "foo-bar-2.0.tar.gz";
  sdist.url = "http://other.test:8080/a/b/foo-bar-2.0.tar.gz";
  sdist.hashes = {{"md5", std::string(32, 'c')}, {"sha256", std::string(64, 'E')}};
  sdist.core_metadata = {true, {}};
  sdist.yanked = "bad <b> & \"worse\"\nreally";
  sdist.size = 0;
  sdist.gpg_sig = true;
  PageFile bare;
  bare.filename = "foo-bar-3.0+local.zip";
  bare.url = "https://files.test/x/foo-bar-3.0+local.zip";
  bare.yanked = "";
  bare.size = 18446744073709551615ULL;
  bare.gpg_sig = false;
  PageFile hosted;
  hosted.filename = "foo-bar-4.0.tar.gz";
  hosted.hashes = {{"sha256", std::string(64, 'f')}};
  hosted.requires_python = "";
  hosted.size = 7;
  page.files = {wheel, sdist, bare, hosted};
  return page;
}

}  // namespace bodega::pypi
