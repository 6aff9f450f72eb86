#include "app/load_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "testing/source_dir.h"

namespace bodega::app {
namespace {

using namespace std::chrono_literals;

struct Machine {
  std::vector<std::pair<std::string, std::string>> environment{{"HOME", "/home/ann"}};
  std::map<std::string, std::string> files;
  std::vector<Given> given;

  Machine& env(std::string name, std::string value) {
    environment.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Machine& file(std::string path, std::string text) {
    files[std::move(path)] = std::move(text);
    return *this;
  }
  Machine& flag(std::string_view key, std::string value) {
    given.push_back({find_option(key), std::move(value)});
    return *this;
  }
  Result<Loaded> load() const {
    Surroundings surroundings;
    surroundings.environment = environment;
    surroundings.working_directory = "/work/here";
    surroundings.read_file = [this](const std::filesystem::path& path) -> Result<std::string> {
      const auto found = files.find(path.string());
      if (found == files.end()) return fail(Code::not_found, "no such file");
      if (found->second == "unreadable") return fail(Code::io, "an operation on the disk or network failed: Permission denied");
      return found->second;
    };
    return load_config(given, surroundings);
  }
  Config config() const {
    auto loaded = load();
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
    return loaded ? loaded->config : Config{};
  }
  std::string error() const {
    const auto loaded = load();
    return loaded ? "" : loaded.error().message;
  }
};

std::string setting(const Loaded& loaded, std::string_view key) {
  for (const auto& one : loaded.settings) {
    if (one.option->key == key) return one.value + " from " + one.source;
  }
  return "none";
}

constexpr auto kEtc = "/etc/bodega/config.toml";

TEST(LoadConfig, WorksWithNothingAtAll) {
  const auto config = Machine().config();
  ASSERT_EQ(config.listen.size(), 2U);
  EXPECT_EQ(config.listen[0].text(), "127.0.0.1:3141");
  EXPECT_EQ(config.listen[1].text(), "[::1]:3141");
  EXPECT_EQ(config.listen[1].absence, ListenAddress::Absence::is_fine);
  EXPECT_EQ(config.data, "/home/ann/.local/share/bodega");
  EXPECT_EQ(config.upstream.text(), "https://pypi.org/simple/");
  EXPECT_EQ(config.page_ttl_min, Duration(60s));
  EXPECT_EQ(config.page_ttl_max, Duration(1800s));
  EXPECT_EQ(config.upload_max_size, std::uint64_t{2} << 30);
  EXPECT_EQ(config.cache_max_size.percent, 50U);
  EXPECT_EQ(config.drain_timeout, Duration(30s));
  EXPECT_TRUE(config.access_log);
  EXPECT_FALSE(config.offline);
  EXPECT_FALSE(config.config_file || config.public_url || config.root_password || config.root_password_file);
}

TEST(LoadConfig, LaterSourcesWin) {
  Machine machine;
  machine.file(kEtc, "data = '/a'\nthreads = 1\nmax-stale = '1d'\n").env("BODEGA_DATA", "/b").env("BODEGA_THREADS", "2").flag("data", "/c");
  const auto loaded = machine.load();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(setting(*loaded, "data"), "/c from --data");
  EXPECT_EQ(setting(*loaded, "threads"), "2 from BODEGA_THREADS");
  EXPECT_EQ(setting(*loaded, "max-stale"), "1d from /etc/bodega/config.toml:3");
  EXPECT_EQ(setting(*loaded, "offline"), "off from default");
  EXPECT_EQ(setting(*loaded, "config"), "/etc/bodega/config.toml from default");
  EXPECT_EQ(loaded->settings.size(), options().size());
}

TEST(LoadConfig, ListsAreReplacedWhole) {
  Machine machine;
  machine.file(kEtc, "listen = ['10.0.0.1:1', '10.0.0.2:2']\n");
  EXPECT_EQ(machine.config().listen.size(), 2U);
  machine.env("BODEGA_LISTEN", "10.0.0.3:3, 10.0.0.4:4,10.0.0.5:5");
  EXPECT_EQ(machine.config().listen.size(), 3U);
  machine.flag("listen", "10.0.0.6:6").flag("listen", "10.0.0.7:7,10.0.0.8:0");
  const auto config = machine.config();
  ASSERT_EQ(config.listen.size(), 3U);
  EXPECT_EQ(config.listen[2].text(), "10.0.0.8:0");
}

TEST(LoadConfig, OfOneValueTheLastFlagCounts) { EXPECT_EQ(Machine().flag("threads", "1").flag("threads", "2").config().threads, 2U); }

TEST(LoadConfig, EmptyVariablesAreNotSet) {
  EXPECT_EQ(Machine().env("BODEGA_DATA", "").env("BODEGA_CONFIG", "").config().data, "/home/ann/.local/share/bodega");
}

// A service named bodega on Kubernetes: none of its variables may change or break the start.
TEST(LoadConfig, KubernetesServiceVariablesChangeNothing) {
  const auto plain = Machine().load();
  Machine machine;
  machine.env("BODEGA_PORT", "tcp://10.0.0.1:3141")
      .env("BODEGA_PORT_3141_TCP", "tcp://10.0.0.1:3141")
      .env("BODEGA_PORT_3141_TCP_ADDR", "10.0.0.1")
      .env("BODEGA_PORT_3141_TCP_PORT", "3141")
      .env("BODEGA_PORT_3141_TCP_PROTO", "tcp")
      .env("BODEGA_SERVICE_HOST", "10.0.0.1")
      .env("BODEGA_SERVICE_PORT", "3141")
      .env("BODEGA_SERVICE_PORT_HTTP", "3141")
      .env("BODEGA_DATA_SERVICE_HOST", "10.0.0.2")
      .env("BODEGA_DATA_PORT", "tcp://10.0.0.2:80")
      .env("BODEGA_LISTEN_PORT_80_TCP_ADDR", "10.0.0.3");
  const auto loaded = machine.load();
  ASSERT_TRUE(plain.has_value() && loaded.has_value());
  EXPECT_TRUE(loaded->warnings.empty());
  for (std::size_t i = 0; i < plain->settings.size(); ++i) {
    EXPECT_EQ(loaded->settings[i].value, plain->settings[i].value);
    EXPECT_EQ(loaded->settings[i].source, "default");
  }
}

TEST(LoadConfig, UnknownVariablesAreOnlyWarnedAbout) {
  const auto loaded = Machine().env("BODEGA_CACHE_SIZE", "1GB").env("OTHER", "x").load();
  ASSERT_TRUE(loaded.has_value());
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_NE(loaded->warnings[0].find("BODEGA_CACHE_SIZE"), std::string::npos);
  EXPECT_NE(loaded->warnings[0].find("BODEGA_CACHE_MAX_SIZE"), std::string::npos);
}

TEST(LoadConfig, UnknownKeysAreErrorsThatNameTheNearest) {
  const auto error = Machine().file(kEtc, "data = '/x'\ncache-size = '1GB'\n").error();
  EXPECT_EQ(error, "/etc/bodega/config.toml:2: there is no option \"cache-size\"; the nearest is \"cache-max-size\"");
}

TEST(LoadConfig, ReportsEverythingThatIsWrongAtOnce) {
  const auto error = Machine().file(kEtc, "threads = 'x'\nport = 1\n").env("BODEGA_MAX_STALE", "30").flag("listen", "nowhere").error();
  EXPECT_NE(error.find("/etc/bodega/config.toml:1: threads: \"x\" does not fit"), std::string::npos) << error;
  EXPECT_NE(error.find("/etc/bodega/config.toml:2: there is no option \"port\"; the nearest is \"listen\""), std::string::npos) << error;
  EXPECT_NE(error.find("BODEGA_MAX_STALE: \"30\" does not fit"), std::string::npos) << error;
  EXPECT_NE(error.find("--listen: \"nowhere\" does not fit"), std::string::npos) << error;
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 3) << error;
}

TEST(LoadConfig, TheFirstFileThatExistsIsRead) {
  Machine machine;
  machine.file(kEtc, "threads = 1\n");
  EXPECT_EQ(machine.config().threads, 1U);
  EXPECT_EQ(machine.config().config_file, kEtc);
  machine.file("/home/ann/.config/bodega/config.toml", "threads = 2\n");
  EXPECT_EQ(machine.config().threads, 2U);
  machine.env("XDG_CONFIG_HOME", "/xdg").file("/xdg/bodega/config.toml", "threads = 3\n");
  EXPECT_EQ(machine.config().threads, 3U);
  machine.env("BODEGA_CONFIG", "own.toml").file("/work/here/own.toml", "threads = 4\n");
  EXPECT_EQ(machine.config().threads, 4U);
  machine.flag("config", "/flag.toml").file("/flag.toml", "threads = 5\n");
  EXPECT_EQ(machine.config().threads, 5U);
}

TEST(LoadConfig, ANamedFileMustExistAndAFoundOneMustBeReadable) {
  EXPECT_NE(Machine().flag("config", "/none.toml").error().find("/none.toml"), std::string::npos);
  EXPECT_NE(Machine().file(kEtc, "unreadable").error().find("Permission denied"), std::string::npos);
}

TEST(LoadConfig, DataGoesWhereTheMachineKeepsIt) {
  EXPECT_EQ(Machine().env("XDG_DATA_HOME", "/xdg").config().data, "/xdg/bodega");
  EXPECT_EQ(Machine().env("XDG_DATA_HOME", "relative").config().data, "/home/ann/.local/share/bodega");
  EXPECT_EQ(Machine().env("STATE_DIRECTORY", "/var/lib/bodega:/var/lib/other").env("XDG_DATA_HOME", "/xdg").config().data,
            "/var/lib/bodega");
  Machine homeless;
  homeless.environment.clear();
  EXPECT_EQ(homeless.config().data, "/var/lib/bodega");
}

TEST(LoadConfig, RelativePathsStartWhereTheyAreWritten) {
  EXPECT_EQ(Machine().flag("data", "d/../e").config().data, "/work/here/e");
  EXPECT_EQ(Machine().env("BODEGA_DATA", "d").config().data, "/work/here/d");
  EXPECT_EQ(Machine().file(kEtc, "data = 'd'\nupstream-ca-file = '../ca.pem'\n").config().data, "/etc/bodega/d");
  EXPECT_EQ(Machine().file(kEtc, "upstream-ca-file = '../ca.pem'\n").config().upstream_ca_file, "/etc/ca.pem");
  EXPECT_EQ(Machine().file(kEtc, "data = '~/cache'\n").config().data, "/home/ann/cache");
}

TEST(LoadConfig, SecretsStayOutOfFilesAndOutOfSight) {
  const auto loaded = Machine().env("BODEGA_ROOT_PASSWORD", "hunter2").flag("upstream", "https://ann:hunter2@index.example/simple/").load();
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->config.root_password->reveal(), "hunter2");
  EXPECT_EQ(loaded->config.upstream.password.reveal(), "hunter2");
  for (const auto& one : loaded->settings) EXPECT_EQ(one.value.find("hunter2"), std::string::npos) << one.option->key;
  EXPECT_EQ(setting(*loaded, "root-password"), "*** from BODEGA_ROOT_PASSWORD");
  EXPECT_NE(Machine().file(kEtc, "root-password = 'hunter2'\n").error().find("cannot be set in the file"), std::string::npos);
  EXPECT_EQ(Machine().file(kEtc, "root-password = 'hunter2'\n").error().find("hunter2"), std::string::npos);
}

TEST(LoadConfig, ChecksWhatBelongsTogether) {
  EXPECT_NE(Machine().flag("page-ttl-min", "1h").error().find("page-ttl-max"), std::string::npos);
  EXPECT_NE(Machine().env("BODEGA_ROOT_PASSWORD", "a").env("BODEGA_ROOT_PASSWORD_FILE", "/f").error(), "");
  EXPECT_NE(Machine().flag("upstream", "http://a:b@h/").flag("upstream-credentials-file", "/f").error(), "");
  EXPECT_NE(Machine().flag("public-url", "http://a:b@h/").error(), "");
  EXPECT_NE(Machine().flag("listen", "127.0.0.1:1,localhost:1").error().find("twice"), std::string::npos);
  EXPECT_EQ(Machine().flag("listen", "127.0.0.1:0,127.0.0.1:0").error(), "");
  EXPECT_NE(Machine().flag("listen", "").error(), "");
}

TEST(LoadConfig, ArraysAreOnlyForLists) {
  EXPECT_NE(Machine().file(kEtc, "threads = [1, 2]\n").error().find("one value"), std::string::npos);
  EXPECT_EQ(Machine().file(kEtc, "trusted-proxies = ['10.0.0.0/8', 'fd00::/8']\n").config().trusted_proxies.size(), 2U);
  EXPECT_EQ(Machine().file(kEtc, "trusted-proxies = []\n").config().trusted_proxies.size(), 0U);
}

TEST(LoadConfig, RealFilesAreReadAndDirectoriesAreNot) {
  const char* const environment[] = {"A=b=c", "NOTHING", "EMPTY=", nullptr};
  const auto surroundings = real_surroundings(environment);
  EXPECT_EQ(lookup(surroundings, "A"), "b=c");
  EXPECT_EQ(lookup(surroundings, "NOTHING"), "");
  EXPECT_EQ(surroundings.read_file(testing::source_dir() / "none/at/all").error().code, Code::not_found);
  EXPECT_EQ(surroundings.read_file(testing::source_dir() / "src/app").error().code, Code::io);
  EXPECT_NE(surroundings.read_file(testing::source_dir() / "src/app/CMakeLists.txt")->find("bodega_folder"), std::string::npos);
  EXPECT_FALSE(surroundings.read_file("/dev/zero").has_value());
}

TEST(PasswordFile, IsOneLine) {
  EXPECT_EQ(password_of_file("hunter2\n")->reveal(), "hunter2");
  EXPECT_EQ(password_of_file(" with blanks \r\n")->reveal(), " with blanks ");
  EXPECT_FALSE(password_of_file("").has_value());
  EXPECT_FALSE(password_of_file("\n").has_value());
  EXPECT_FALSE(password_of_file("a\nb\n").has_value());
}

}  // namespace
}  // namespace bodega::app
