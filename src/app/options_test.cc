#include "app/options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "app/load_config.h"
#include "app/option_docs.h"
#include "base/text.h"
#include "testing/source_dir.h"

namespace bodega::app {
namespace {

std::vector<const Option*> all() {
  std::vector<const Option*> pointers;
  for (const auto& option : options()) pointers.push_back(&option);
  return pointers;
}

std::string shout(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

TEST(Options, KeysAreUniqueLowerCaseWords) {
  std::set<std::string_view> keys;
  for (const auto& option : options()) {
    EXPECT_TRUE(keys.insert(option.key).second) << option.key;
    EXPECT_EQ(option.key.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << option.key;
    EXPECT_EQ(find_option(option.key), &option);
    EXPECT_FALSE(option.value.empty()) << option.key;
    EXPECT_TRUE(option.sentence.ends_with('.')) << option.key;
  }
  EXPECT_EQ(find_option("port"), nullptr);
  EXPECT_EQ(find_option(""), nullptr);
}

TEST(Options, DefaultsAndBoundsAreValid) {
  for (const auto& option : options()) {
    for (const auto value : {option.default_value, option.low, option.high}) {
      if (value.empty()) continue;
      Config config;
      const std::vector<std::string> values{std::string(value)};
      const auto done = assign(config, option, values);
      EXPECT_TRUE(done.has_value()) << option.key << " " << value << ": " << (done ? "" : done.error().message);
    }
  }
}

TEST(Options, BoundsHold) {
  Config config;
  const auto refused = [&config](std::string_view key, const std::string& value) {
    const std::vector<std::string> values{value};
    return !assign(config, *find_option(key), values).has_value();
  };
  EXPECT_TRUE(refused("threads", "257"));
  EXPECT_FALSE(refused("threads", "256"));
  EXPECT_TRUE(refused("upload-max-size", "999kB"));
  EXPECT_FALSE(refused("upload-max-size", "1MB"));
  EXPECT_TRUE(refused("upstream-connect-timeout", "99ms"));
  EXPECT_TRUE(refused("max-stale", "3651d"));
  EXPECT_EQ(config.threads, 256U);
}

TEST(Options, AWrongValueChangesNothing) {
  Config config;
  config.threads = 3;
  const std::vector<std::string> values{"many"};
  EXPECT_FALSE(assign(config, *find_option("threads"), values).has_value());
  EXPECT_EQ(config.threads, 3U);
}

// A service named bodega, as Kubernetes 1.26 and docker --link describe it to every container of the namespace; with two named ports, and
// for a second service named bodega-cache.
const std::vector<std::string> kInjected = {"BODEGA_PORT",
                                            "BODEGA_SERVICE_HOST",
                                            "BODEGA_SERVICE_PORT",
                                            "BODEGA_SERVICE_PORT_HTTP",
                                            "BODEGA_SERVICE_PORT_METRICS_TLS",
                                            "BODEGA_PORT_3141_TCP",
                                            "BODEGA_PORT_3141_TCP_ADDR",
                                            "BODEGA_PORT_3141_TCP_PORT",
                                            "BODEGA_PORT_3141_TCP_PROTO",
                                            "BODEGA_PORT_53_UDP",
                                            "BODEGA_PORT_53_UDP_ADDR",
                                            "BODEGA_PORT_9_SCTP_PROTO",
                                            "BODEGA_CACHE_SERVICE_HOST",
                                            "BODEGA_CACHE_SERVICE_PORT",
                                            "BODEGA_CACHE_SERVICE_PORT_WEB",
                                            "BODEGA_CACHE_PORT",
                                            "BODEGA_CACHE_PORT_80_TCP",
                                            "BODEGA_CACHE_PORT_80_TCP_ADDR"};

TEST(Options, ServiceVariablesAreKnownAsSuch) {
  for (const auto& name : kInjected) EXPECT_TRUE(is_service_variable(name)) << name;
  for (const auto* name : {"BODEGA_DATA", "BODEGA_LISTEN", "BODEGA_PORTS", "BODEGA_PORT_X_TCP", "BODEGA_PORT_80", "BODEGA_PORT_80_TCP_X",
                           "BODEGA_SERVICE", "DEVPI_PORT", "BODEGA"}) {
    EXPECT_FALSE(is_service_variable(name)) << name;
  }
}

TEST(Options, NoEnvironmentNameCanBeAServiceVariable) {
  // A service may have any name behind bodega, so options are compared with every shape, not only with the list above.
  for (const auto& option : options()) {
    const auto name = env_name(option);
    EXPECT_FALSE(is_service_variable(name)) << name;
    EXPECT_EQ(name, "BODEGA_" + shout(name.substr(7)));
    EXPECT_EQ(name.find("_PORT"), std::string::npos) << name;
    EXPECT_EQ(name.find("_SERVICE"), std::string::npos) << name;
  }
}

TEST(Options, EnvironmentNamesFollowTheKey) {
  EXPECT_EQ(env_name(*find_option("cache-max-size")), "BODEGA_CACHE_MAX_SIZE");
  EXPECT_EQ(env_name(*find_option("root-password-file")), "BODEGA_ROOT_PASSWORD_FILE");
  EXPECT_EQ(env_name(*find_option("root-password")), "BODEGA_ROOT_PASSWORD");
}

TEST(Options, TheNearestNameIsWhatWasMeant) {
  const std::pair<const char*, const char*> cases[] = {{"listn", "listen"},
                                                       {"cache-size", "cache-max-size"},
                                                       {"max-size", "cache-max-size"},
                                                       {"upsteam", "upstream"},
                                                       {"log_format", "log-format"},
                                                       {"loglevel", "log-level"},
                                                       {"port", "listen"},
                                                       {"host", "listen"},
                                                       {"outside-url", "public-url"},
                                                       {"serverdir", "data"},
                                                       {"trusted-proxy", "trusted-proxies"},
                                                       {"Data-Dir", "data"}};
  for (const auto& [wrong, meant] : cases) EXPECT_EQ(nearest_option(wrong), meant) << wrong;
}

TEST(Options, ListsAndSwitchesAreKnown) {
  EXPECT_TRUE(takes_several(*find_option("listen")));
  EXPECT_TRUE(takes_several(*find_option("trusted-proxies")));
  EXPECT_FALSE(takes_several(*find_option("data")));
  EXPECT_TRUE(is_switch(*find_option("offline")));
  EXPECT_FALSE(is_switch(*find_option("log-format")));
}

TEST(OptionDocs, HelpNamesEveryOptionInEightyColumns) {
  const auto text = help_of_options(all());
  for (const auto& option : options()) {
    const auto name = option.where == Where::environment_only ? env_name(option) : "--" + std::string(option.key) + " ";
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
  for (const auto line : split(text, '\n')) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_NE(text.find("Default: https://pypi.org/simple/."), std::string::npos);
}

TEST(OptionDocs, LongWordsStandAlone) {
  EXPECT_EQ(wrapped("aa bb cc", 2, 7), "  aa bb\n  cc\n");
  EXPECT_EQ(wrapped("aaaaaaaaaaaa b", 2, 7), "  aaaaaaaaaaaa\n  b\n");
}

std::string content_of(const std::string& path) {
  std::ifstream file(testing::source_dir() / path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

TEST(OptionDocs, TheFilesInDocsAndDeployAreTheTable) {
  EXPECT_EQ(content_of("docs/options.md"), options_markdown()) << "make it again: bodega options --markdown > docs/options.md";
  EXPECT_EQ(content_of("deploy/config.toml"), options_toml()) << "make it again: bodega options --toml > deploy/config.toml";
}

// Taking away the # must give what was the default all along.
TEST(OptionDocs, TheExampleFileIsValidWhenItsLinesCount) {
  std::string text;
  const auto example = options_toml();
  for (const auto line : split(example, '\n')) {
    const bool option = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    const bool empty = line.ends_with("= \"\"") || line.ends_with("= []");
    if (option && !empty) text += std::string(line.substr(1)) + "\n";
  }
  Surroundings surroundings;
  surroundings.working_directory = "/";
  surroundings.read_file = [&text](const std::filesystem::path&) -> Result<std::string> { return text; };
  const auto filled = load_config({}, surroundings);
  ASSERT_TRUE(filled.has_value()) << filled.error().message;
  surroundings.read_file = [](const std::filesystem::path&) -> Result<std::string> { return fail(Code::not_found, "no such file"); };
  const auto plain = load_config({}, surroundings);
  for (std::size_t i = 0; i < plain->settings.size(); ++i) {
    const auto& setting = plain->settings[i];
    if (setting.option->key == "config") continue;
    EXPECT_EQ(filled->settings[i].value, setting.value) << setting.option->key;
  }
}

}  // namespace
}  // namespace bodega::app
