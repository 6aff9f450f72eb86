// Conversations as data: what the upstream has, what clients ask, what they must get, and what the upstream must have heard, silence above
// all. tests/replay/*.replay; one file is one server. Blocks are divided by lines of three dashes; the first line of a block says what it
// is:
//
//   upstream URL STATUS        then header lines, an empty line, the body
//   client METHOD PATH         then header lines, an empty line, the body
//   expect STATUS              then header lines that must be so ("name: value"; "x-cache" is the cache's outcome), "absent: name",
//                              an empty line, and lines that the body must contain; a line that begins with '!' must not be in it
//   heard URL...               exactly these requests since the last block of this kind, in any order; none: silence
//   advance SECONDS            time passes
//   restart                    the process ends and begins again
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "testing/hermetic/hermetic_server.h"
#include "testing/source_dir.h"

namespace bodega::testing {
namespace {

struct Block {
  std::vector<std::string> words;
  http::Headers headers;
  std::string body;
};

std::vector<Block> read_blocks(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Block> blocks;
  Block block;
  enum class At { head, fields, body } at = At::head;
  const auto end_block = [&] {
    if (!block.words.empty()) blocks.push_back(std::move(block));
    block = {};
    at = At::head;
  };
  for (std::string line; std::getline(file, line);) {
    if (line == "---") {
      end_block();
    } else if (at == At::head) {
      if (line.empty() || line.front() == '#') continue;
      for (const auto word : split(line, ' ')) block.words.emplace_back(word);
      at = At::fields;
    } else if (at == At::fields && !line.empty()) {
      const auto colon = line.find(':');
      block.headers.add(line.substr(0, colon), std::string(trim(std::string_view(line).substr(colon + 1))));
    } else if (at == At::fields) {
      at = At::body;
    } else {
      block.body += line + "\n";
    }
  }
  end_block();
  return blocks;
}

class Replay {
 public:
  void run(const std::vector<Block>& blocks) {
    for (const auto& block : blocks) {
      const auto& what = block.words[0];
      SCOPED_TRACE(join(block.words, " "));
      if (what == "upstream") {
        upstream(block);
      } else if (what == "client") {
        client(block);
      } else if (what == "expect") {
        expect(block);
      } else if (what == "heard") {
        heard(block);
      } else if (what == "advance") {
        server_.advance(std::chrono::seconds(std::stoi(block.words[1])));
      } else if (what == "restart") {
        server_.restart();
      } else {
        FAIL() << "unknown block: " << what;
      }
    }
  }

 private:
  void upstream(const Block& block) {
    Answer script = answer_status(std::stoi(block.words[2]), std::string(trim(block.body)));
    script.headers = block.headers;
    server_.upstream().on(block.words[1], script);
  }

  void client(const Block& block) {
    auto pending = server_.start({block.words[1], block.words[2], block.headers, std::string(trim(block.body))});
    // Retries wait; a minute is more than all of them together.
    for (int second = 0; second < 60 && !pending.done(); ++second) server_.advance(std::chrono::seconds(1));
    got_ = pending.get();
  }

  void expect(const Block& block) {
    EXPECT_EQ(got_.status, std::stoi(block.words[1])) << got_.body;
    for (const auto& [name, value] : block.headers.all()) {
      if (name == "absent") {
        EXPECT_FALSE(got_.headers.has(value)) << value;
      } else {
        EXPECT_EQ(name == "x-cache" ? got_.cache : got_.header(name), value) << name;
      }
    }
    for (const auto line : split(trim(block.body), '\n')) {
      if (line.empty()) continue;
      const bool wanted = line.front() != '!';
      const auto text = wanted ? line : line.substr(1);
      EXPECT_EQ(got_.body.find(text) != std::string::npos, wanted) << text << "\n in " << got_.body;
    }
  }

  void heard(const Block& block) {
    std::vector<std::string> urls;
    for (const auto& request : server_.upstream().requests()) urls.push_back(request.url.text());
    std::vector<std::string> wanted(block.words.begin() + 1, block.words.end());
    std::sort(urls.begin(), urls.end());
    std::sort(wanted.begin(), wanted.end());
    EXPECT_EQ(urls, wanted);
    server_.upstream().forget_requests();
  }

  HermeticServer server_;
  Got got_;
};

class ReplayFiles : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(ReplayFiles, GoAsWritten) {
  const auto blocks = read_blocks(GetParam());
  ASSERT_GT(blocks.size(), 2U) << "an empty replay proves nothing";
  Replay().run(blocks);
}

std::vector<std::filesystem::path> all_replays() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(testing::source_dir() / "tests" / "replay")) {
    if (entry.path().extension() == ".replay") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

INSTANTIATE_TEST_SUITE_P(All, ReplayFiles, ::testing::ValuesIn(all_replays()), [](const auto& parameter) {
  std::string name = parameter.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace bodega::testing
