#include "app/shim/devpi_plan.h"

#include <gtest/gtest.h>

#include "app/command_line.h"
#include "app/serve.h"
#include "base/text.h"

namespace bodega::app {
namespace {

// A machine with files, an environment and a name server.
struct Machine {
  std::map<std::string, std::string> files;
  std::vector<std::pair<std::string, std::string>> environment{{"HOME", "/home/ann"}};

  Surroundings surroundings() const {
    Surroundings out;
    out.environment = environment;
    out.working_directory = "/work/here";
    out.read_file = [this](const std::filesystem::path& path) -> Result<std::string> {
      const auto found = files.find(path.string());
      if (found == files.end()) return fail(Code::not_found, "no such file");
      return found->second;
    };
    return out;
  }

  Result<DevpiPlan> plan(DevpiProgram program, std::vector<std::string> arguments) const {
    const auto around = surroundings();
    BODEGA_TRY(const auto settings, read_devpi_settings(program, arguments, around));
    const auto resolve = [](const std::string& host) -> std::vector<std::string> {
      if (host == "devpi.example.org") return {"192.0.2.7", "2001:db8::7"};
      return {};
    };
    return plan_of(program, settings, around, resolve);
  }
  Result<DevpiPlan> server(std::vector<std::string> arguments) const { return plan(DevpiProgram::server, std::move(arguments)); }
};

std::string words(const Result<DevpiPlan>& plan) { return plan ? join(plan->words, " ") : "error: " + plan.error().message; }

// Without what every server gets: data, listen, trusted-proxies.
std::string extra(const Result<DevpiPlan>& plan) {
  constexpr std::string_view kAlways = "serve --data /home/ann/.devpi/server --listen localhost:3141 --trusted-proxies 127.0.0.0/8,::1/128";
  const auto text = words(plan);
  return text.starts_with(kAlways) ? std::string(trim(std::string_view(text).substr(kAlways.size()))) : text;
}

TEST(DevpiPlan, WithoutAnyOptionItIsDevpisDefaults) {
  const auto plan = Machine{}.server({});
  EXPECT_EQ(words(plan), "serve --data /home/ann/.devpi/server --listen localhost:3141 --trusted-proxies 127.0.0.0/8,::1/128");
  EXPECT_TRUE(plan->warnings.empty());
}

TEST(DevpiPlan, OptionsThatDoSomethingBecomeOurs) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table{
      {{"--outside-url", "https://pypi.example.org/devpi"}, "--public-url https://pypi.example.org/devpi"},
      {{"--outside-url="}, ""},
      {{"--max-request-body-size", "5000000000"}, "--upload-max-size 5000000000"},
      {{"--mirror-cache-expiry", "600"}, "--page-ttl-max 600s"},
      {{"--mirror-cache-expiry=5"}, "--page-ttl-max 5s --page-ttl-min 5s"},
      {{"--mirror-cache-expiry", "31536000"}, "--page-ttl-max 604800s"},
      {{"--request-timeout", "20"}, "--upstream-connect-timeout 20s --upstream-head-timeout 20s"},
      {{"--request-timeout", "86400"}, "--upstream-connect-timeout 300s --upstream-head-timeout 300s"},
      {{"--offline-mode"}, "--offline on"},
      {{"--offline"}, "--offline on"},  // any beginning that fits one option
      {{"--restrict-modify", "root,:admins"}, "--restrict-modify root,:admins"},
      {{"--secretfile", "~/secret"}, "--token-key-file /home/ann/secret"},
      {{"--secretfile", "run/secret"}, "--token-key-file /work/here/run/secret"},
      {{"--debug"}, "--log-level debug"},
  };
  for (const auto& [arguments, expected] : table) {
    const auto plan = Machine{}.server(arguments);
    EXPECT_EQ(extra(plan), expected) << join(arguments, " ");
    EXPECT_TRUE(plan && plan->warnings.empty()) << join(arguments, " ");
  }
}

TEST(DevpiPlan, WhatItSaysIsUnderstoodByOurOwnCommandLine) {
  const auto plan = Machine{}.server({"--host",
                                      "0.0.0.0",
                                      "--port",
                                      "8080",
                                      "--outside-url",
                                      "https://x.example/y",
                                      "--mirror-cache-expiry",
                                      "5",
                                      "--request-timeout",
                                      "1",
                                      "--restrict-modify",
                                      "root,:admins",
                                      "--trusted-proxy",
                                      "*",
                                      "--debug",
                                      "--max-request-body-size",
                                      "1073741824",
                                      "--offline-mode",
                                      "--secretfile",
                                      "/s",
                                      "--serverdir",
                                      "/srv/d"});
  ASSERT_TRUE(plan) << plan.error().message;
  const auto command = parse_command(plan->words, Machine{}.surroundings());
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_EQ(command->run, &serve);
  EXPECT_EQ(command->config.data, "/srv/d");
  ASSERT_EQ(command->config.listen.size(), 1U);
  EXPECT_EQ(command->config.listen[0].text(), "0.0.0.0:8080");
  EXPECT_EQ(command->config.trusted_proxies.size(), 4U);
  ASSERT_EQ(command->config.restrict_modify.size(), 2U);
  EXPECT_EQ(command->config.restrict_modify[1].text, ":admins");
  EXPECT_EQ(command->config.token_key_file, "/s");
  EXPECT_TRUE(command->config.offline);
}

TEST(DevpiPlan, Addresses) {
  const auto listens = [](std::vector<std::string> arguments) {
    const auto plan = Machine{}.server(std::move(arguments));
    if (!plan) return "error: " + plan.error().message;
    std::vector<std::string> out;
    for (std::size_t i = 0; i + 1 < plan->words.size(); ++i) {
      if (plan->words[i] == "--listen") out.push_back(plan->words[i + 1]);
    }
    return join(out, " ");
  };
  EXPECT_EQ(listens({"--port", "80"}), "localhost:80");
  EXPECT_EQ(listens({"--host", "0.0.0.0"}), "0.0.0.0:3141");
  EXPECT_EQ(listens({"--host", "::1", "--port", "80"}), "[::1]:80");
  EXPECT_EQ(listens({"--host", "*"}), "*:3141");
  EXPECT_EQ(listens({"--host", "devpi.example.org"}), "192.0.2.7:3141 [2001:db8::7]:3141");
  EXPECT_TRUE(listens({"--host", "nowhere.example"}).starts_with("error: \"nowhere.example\" is no address"));
  EXPECT_EQ(listens({"--listen", "*:80"}), "*:80");
  EXPECT_EQ(listens({"--listen", "[::1]:80", "--listen", "127.0.0.1:81"}), "[::1]:80 127.0.0.1:81");
  EXPECT_EQ(listens({"--listen", "127.0.0.1:80 [::1]"}), "127.0.0.1:80 [::1]:8080");
  EXPECT_EQ(listens({"--listen", "localhost"}), "localhost:8080");
  EXPECT_EQ(listens({"--listen", "*:80", "--port", "81"}), "error: either --listen or --host and --port, not both");
  EXPECT_TRUE(listens({"--port", "http"}).starts_with("error: --port: --port must be a number"));
}

TEST(DevpiPlan, AUnixSocketStandsAloneUnlessAnAddressIsNamed) {
  constexpr std::string_view kStart = "serve --data /home/ann/.devpi/server ";
  constexpr std::string_view kEnd = " --trusted-proxies 127.0.0.0/8,::1/128";
  const auto between = [&](std::vector<std::string> arguments) {
    const auto text = words(Machine{}.server(std::move(arguments)));
    return text.starts_with(kStart) && text.ends_with(kEnd) ? text.substr(kStart.size(), text.size() - kStart.size() - kEnd.size()) : text;
  };
  EXPECT_EQ(between({"--unix-socket", "run/devpi.sock"}), "--unix-socket /work/here/run/devpi.sock");
  EXPECT_EQ(between({"--unix-socket=/s", "--unix-socket-perms", "660"}), "--unix-socket /s --unix-socket-perms 660");
  EXPECT_EQ(between({"--unix-socket=/s", "--port", "80"}), "--listen localhost:80 --unix-socket /s");
  EXPECT_EQ(between({"--unix-socket=/s", "--listen", "*:80"}), "--listen *:80 --unix-socket /s");
}

TEST(DevpiPlan, ProxiesBesideOneOnThisMachine) {
  EXPECT_NE(words(Machine{}.server({"--trusted-proxy", "10.0.0.1"})).find("127.0.0.0/8,::1/128,10.0.0.1"), std::string::npos);
  EXPECT_NE(words(Machine{}.server({"--trusted-proxy", "*"})).find("127.0.0.0/8,::1/128,0.0.0.0/0,::/0"), std::string::npos);
  EXPECT_EQ(extra(Machine{}.server({"--trusted-proxy", "localhost"})), "");
}

TEST(DevpiPlan, EveryOtherOptionIsTakenAndSaidToHaveNoEffect) {
  std::size_t seen = 0;
  for (const auto& option : devpi_options()) {
    if (!option.sentence.empty()) continue;
    ++seen;
    for (const auto program : {DevpiProgram::server, DevpiProgram::init, DevpiProgram::passwd, DevpiProgram::export_data,
                               DevpiProgram::import_data, DevpiProgram::fsck}) {
      if (!belongs(option, program)) continue;
      std::vector<std::string> arguments{"--" + std::string(option.name)};
      if (option.takes != Takes::nothing) arguments.emplace_back("7");
      if (operand_of(program) == "DIR") arguments.emplace_back("/dump");
      const auto plan = Machine{}.plan(program, arguments);
      ASSERT_TRUE(plan) << option.name << ": " << plan.error().message;
      ASSERT_EQ(plan->warnings.size(), 1U) << option.name;
      EXPECT_EQ(plan->warnings[0], "--" + std::string(option.name) + " has no effect: " + std::string(option.why));
    }
  }
  EXPECT_GT(seen, 20U);
}

TEST(DevpiPlan, EveryOptionOfDevpiServerIsKnown) {
  // devpi-server --help of 6.20.3, with the hidden ones and those of devpi-web.
  const std::vector<std::string> names{"configfile",
                                       "role",
                                       "version",
                                       "passwd",
                                       "debug",
                                       "logger-cfg",
                                       "host",
                                       "port",
                                       "listen",
                                       "unix-socket",
                                       "unix-socket-perms",
                                       "threads",
                                       "connection-limit",
                                       "trusted-proxy",
                                       "trusted-proxy-count",
                                       "trusted-proxy-headers",
                                       "max-request-body-size",
                                       "outside-url",
                                       "absolute-urls",
                                       "enable-core-metadata",
                                       "profile-requests",
                                       "mirror-cache-expiry",
                                       "primary-url",
                                       "master-url",
                                       "replica-file-search-path",
                                       "hard-links",
                                       "file-replication-threads",
                                       "file-replication-skip-indexes",
                                       "proxy-timeout",
                                       "no-replica-streaming",
                                       "request-timeout",
                                       "offline-mode",
                                       "serverdir",
                                       "storage",
                                       "keyfs-cache-size",
                                       "secretfile",
                                       "requests-only",
                                       "restrict-modify",
                                       "autocreate-users",
                                       "argon2-memory-cost",
                                       "argon2-parallelism",
                                       "argon2-time-cost",
                                       "theme",
                                       "debug-macros",
                                       "documentation-path",
                                       "keep-docs-packed",
                                       "indexer-backend"};
  const auto help = devpi_help(DevpiProgram::server);
  for (const auto& name : names) {
    const auto options = devpi_options();
    const bool known = std::any_of(options.begin(), options.end(), [&name](const DevpiOption& option) {
      return option.name == name && belongs(option, DevpiProgram::server);
    });
    EXPECT_TRUE(known) << name;
    EXPECT_NE(help.find("--" + name), std::string::npos) << name;
  }
}

TEST(DevpiPlan, AReplicaIsRefused) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--role", "replica"}, {"--primary-url", "http://p:3141"}, {"--master-url=http://p:3141"}}) {
    EXPECT_NE(words(Machine{}.server(arguments)).find("cannot be a replica"), std::string::npos);
  }
  EXPECT_TRUE(Machine{}.server({"--role", "standalone"})->warnings.empty());
  EXPECT_EQ(Machine{}.server({"--role=primary"})->warnings.size(), 1U);
  EXPECT_TRUE(words(Machine{}.server({"--role", "boss"})).starts_with("error: --role: it is one of"));
}

TEST(DevpiPlan, TheOtherPrograms) {
  const Machine machine;
  EXPECT_EQ(words(machine.plan(DevpiProgram::fsck, {"--serverdir", "d"})), "fsck --data /work/here/d");
  EXPECT_EQ(words(machine.plan(DevpiProgram::passwd, {"ann", "--serverdir=/d"})), "passwd ann --data /d");
  EXPECT_EQ(words(machine.plan(DevpiProgram::passwd, {})), "passwd root --data /home/ann/.devpi/server");
  EXPECT_EQ(words(machine.plan(DevpiProgram::export_data, {"dump", "--serverdir", "/d"})), "export devpi /work/here/dump --data /d");
  EXPECT_EQ(words(machine.plan(DevpiProgram::import_data, {"--serverdir", "/d", "/dump"})), "import devpi-export /dump --data /d");
  EXPECT_EQ(words(machine.plan(DevpiProgram::export_data, {"/dump", "--include-mirrored-files", "--hard-links", "--serverdir", "/d"})),
            "export devpi /dump --data /d --include-mirrored-files --hard-links");
  EXPECT_EQ(words(machine.plan(DevpiProgram::import_data, {"/dump", "--hard-links", "--skip-import-type", "a", "--skip-import-type=b",
                                                           "--no-root-pypi", "--serverdir", "/d"})),
            "import devpi-export /dump --data /d --bytes hardlink --skip-import-type a,b");
  EXPECT_EQ(words(machine.plan(DevpiProgram::export_data, {})), "error: which directory? devpi-export DIR");
  EXPECT_EQ(devpi_program("/usr/lib/bodega/devpi/devpi-server"), DevpiProgram::server);
  EXPECT_EQ(devpi_program("devpi-fsck"), DevpiProgram::fsck);
  EXPECT_EQ(devpi_program("/usr/bin/bodega"), std::nullopt);
  EXPECT_EQ(devpi_program("devpi"), std::nullopt);
}

TEST(DevpiSettings, MistakesAreRefusedBySentence) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table{
      {{"--nonsense"}, "--nonsense: there is no such option; devpi-server -h lists them"},
      {{"--import", "/x"}, "--import: there is no such option; devpi-server -h lists them"},
      {{"--no-root-pypi"}, "--no-root-pypi: there is no such option; devpi-server -h lists them"},
      {{"--re"}, "--re: it could mean --replica-file-search-path, --request-timeout, --requests-only, --restrict-modify"},
      {{"--port"}, "--port: it needs a value, --port PORT"},
      {{"--port", "--debug"}, "--port: it needs a value, --port PORT"},
      {{"--debug=yes"}, "--debug: it takes no value"},
      {{"-x"}, "-x: there is no such option; devpi-server -h lists them"},
      {{"start"}, "\"start\": devpi-server does not know what to do with it"},
      {{"-c", "none.yml"}, "--configfile: /work/here/none.yml cannot be read: no such file"},
  };
  for (const auto& [arguments, expected] : table) {
    const auto settings = read_devpi_settings(DevpiProgram::server, arguments, Machine{}.surroundings());
    ASSERT_FALSE(settings) << join(arguments, " ");
    EXPECT_EQ(settings.error().message, expected);
  }
}

TEST(DevpiSettings, TheCommandLineWinsOverTheEnvironmentAndThatOverTheFile) {
  Machine machine;
  machine.files["/etc/devpi.yml"] =
      "devpi-server:\n  port: 1\n  host: 0.0.0.0\n  offline-mode: true\n  debug: no\n  listen-nowhere: 1\n  no-root-pypi: true\n";
  machine.environment.emplace_back("DEVPISERVER_PORT", "2");
  EXPECT_NE(words(machine.server({"-c", "/etc/devpi.yml", "--port", "3"})).find("0.0.0.0:3 "), std::string::npos);
  const auto plan = machine.server({"-c/etc/devpi.yml"});
  EXPECT_NE(words(plan).find("0.0.0.0:2 "), std::string::npos);
  EXPECT_NE(words(plan).find("--offline on"), std::string::npos);
  EXPECT_EQ(words(plan).find("--log-level"), std::string::npos);
  // What belongs to another of devpi's programs is no mistake in a file that all of them read.
  ASSERT_EQ(plan->warnings.size(), 1U);
  EXPECT_EQ(plan->warnings[0], "/etc/devpi.yml:6: listen-nowhere is no option of devpi's programs and has no effect");
}

TEST(DevpiSettings, TheEnvironmentReplacesAListAndTheCommandLineAddsToIt) {
  Machine machine;
  machine.files["/home/ann/.config/devpi-server/devpi-server.yml"] = "devpi-server:\n  listen:\n    - \"*:1\"\n    - \"*:2\"\n";
  const auto listens = [&machine](std::vector<std::string> arguments) {
    const auto settings = read_devpi_settings(DevpiProgram::server, arguments, machine.surroundings());
    return settings ? join(settings->given.at("listen").values, " ") : settings.error().message;
  };
  EXPECT_EQ(listens({}), "*:1 *:2");
  EXPECT_EQ(listens({"--listen", "*:3"}), "*:1 *:2 *:3");
  machine.environment.emplace_back("DEVPISERVER_LISTEN", "*:4");
  EXPECT_EQ(listens({"--listen", "*:3"}), "*:4 *:3");
}

TEST(DevpiSettings, WhatKubernetesInjectsDoesNoHarm) {
  Machine machine;
  machine.environment = {{"HOME", "/home/ann"},
                         {"DEVPI_PORT", "tcp://10.0.0.1:3141"},
                         {"DEVPI_SERVICE_HOST", "10.0.0.1"},
                         {"DEVPISERVER_PORT", "tcp://10.0.0.2:3141"},
                         {"DEVPISERVER_SERVICE_PORT", "3141"},
                         {"DEVPISERVER_PORT_3141_TCP_ADDR", "10.0.0.2"}};
  const auto plan = machine.server({});
  EXPECT_EQ(extra(plan), "");
  ASSERT_EQ(plan->warnings.size(), 1U);
  EXPECT_TRUE(plan->warnings[0].starts_with("DEVPISERVER_PORT: tcp://10.0.0.2:3141 is what Kubernetes says"));
}

TEST(DevpiSettings, VariablesThatMakeNoSenseAreNamed) {
  Machine machine;
  machine.environment.emplace_back("DEVPISERVER_PORT", "abc");
  EXPECT_EQ(words(machine.server({})), "error: DEVPISERVER_PORT: --port must be a number, not \"abc\"");
  machine.environment.back() = {"DEVPISERVER_OFFLINE_MODE", "perhaps"};
  EXPECT_EQ(words(machine.server({})), "error: DEVPISERVER_OFFLINE_MODE: --offline-mode is true or false, not \"perhaps\"");
  machine.environment.back() = {"DEVPISERVER_OFFLINE_MODE", "0"};
  EXPECT_EQ(extra(machine.server({})), "");
  machine.environment.back() = {"DEVPISERVER_THREADS", "9"};
  EXPECT_EQ(machine.server({})->warnings.at(0), "DEVPISERVER_THREADS: --threads has no effect: connections are no threads here");
  machine.environment.back() = {"DEVPISERVER_SERVERDIR", "/a"};
  EXPECT_EQ(machine.server({})->data, "/a");
  machine.environment.emplace_back("DEVPI_SERVERDIR", "/b");
  EXPECT_EQ(machine.server({})->data, "/b");
  EXPECT_EQ(machine.server({"--serverdir", "/c"})->data, "/c");
}

}  // namespace
}  // namespace bodega::app
