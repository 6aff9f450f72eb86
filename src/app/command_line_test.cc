#include "app/command_line.h"

#include <gtest/gtest.h>

#include "app/commands.h"
#include "app/fsck_command.h"
#include "app/serve.h"
#include "base/text.h"

namespace bodega::app {
namespace {

Result<Command> parsed(std::vector<std::string> arguments, std::vector<std::pair<std::string, std::string>> environment = {}) {
  Surroundings surroundings;
  surroundings.environment = std::move(environment);
  surroundings.environment.emplace_back("HOME", "/home/ann");
  surroundings.working_directory = "/work/here";
  surroundings.read_file = [](const std::filesystem::path&) -> Result<std::string> { return fail(Code::not_found, "no such file"); };
  return parse_command(arguments, surroundings);
}

std::string error_of(std::vector<std::string> arguments) {
  const auto command = parsed(std::move(arguments));
  return command ? "" : command.error().message;
}

std::string shown(std::vector<std::string> arguments) {
  const auto command = parsed(std::move(arguments));
  return command && command->run == &print_text ? command->text : "";
}

TEST(CommandLine, TheFormsThatScriptsRelyOn) {
  const auto serve = parsed({"serve", "--listen", "127.0.0.1:8080", "--data", "/d", "--upstream", "http://127.0.0.1:9/simple/"});
  ASSERT_TRUE(serve.has_value()) << serve.error().message;
  EXPECT_EQ(serve->run, &bodega::app::serve);
  ASSERT_EQ(serve->config.listen.size(), 1U);
  EXPECT_EQ(serve->config.listen[0].text(), "127.0.0.1:8080");
  EXPECT_EQ(serve->config.data, "/d");
  EXPECT_EQ(serve->config.upstream.text(), "http://127.0.0.1:9/simple/");

  const auto fsck = parsed({"fsck", "--data", "/d", "--repair"});
  ASSERT_TRUE(fsck.has_value()) << fsck.error().message;
  EXPECT_EQ(fsck->run, &run_fsck);
  EXPECT_TRUE(fsck->has("repair"));
  EXPECT_EQ(fsck->config.data, "/d");
  EXPECT_FALSE(parsed({"fsck", "--data=/d"})->has("repair"));

  EXPECT_TRUE(shown({"--version"}).starts_with("bodega "));
  EXPECT_EQ(shown({"version"}), shown({"-V"}));
  EXPECT_EQ(shown({"help"}), shown({"--help"}));
  EXPECT_EQ(shown({"help", "serve"}), shown({"serve", "--help"}));
  EXPECT_NE(shown({"check-config"}).find("data "), std::string::npos);
}

TEST(CommandLine, ServeAloneIsEnough) { EXPECT_EQ(parsed({"serve"})->run, &serve); }

TEST(CommandLine, ValuesMayBeAttachedOrFollow) {
  EXPECT_EQ(parsed({"serve", "--threads=3"})->config.threads, 3U);
  EXPECT_EQ(parsed({"serve", "--threads", "3"})->config.threads, 3U);
  EXPECT_EQ(parsed({"serve", "--upstream=http://h/a=b/"})->config.upstream.path, "/a=b/");
  EXPECT_EQ(parsed({"serve", "--listen", "127.0.0.1:1", "--listen=127.0.0.1:2"})->config.listen.size(), 2U);
}

TEST(CommandLine, OperandsAndFlagsOfACommandAreItsOwn) {
  const auto create = parsed({"user", "create", "alice", "--email", "a@b", "--password-file=-", "--data", "/d"});
  ASSERT_TRUE(create.has_value()) << create.error().message;
  EXPECT_EQ(create->operands, std::vector<std::string>{"alice"});
  EXPECT_EQ(create->flag("email"), "a@b");
  EXPECT_EQ(create->flag("password-file"), "-");
  EXPECT_EQ(create->flag("json"), std::nullopt);
  EXPECT_EQ(create->config.data, "/d");
  EXPECT_EQ(parsed({"user", "create", "--password-file", "-", "alice"})->flag("password-file"), "-");
  EXPECT_EQ(parsed({"index", "modify", "a/b", "acl_upload-=x", "bases="})->operands.size(), 3U);
  EXPECT_TRUE(parsed({"user", "list", "--json"})->has("json"));

  EXPECT_EQ(error_of({"user", "create"}), "bodega user create needs more: bodega user create NAME");
  EXPECT_NE(error_of({"user", "create", "a", "b"}).find("\"b\""), std::string::npos);
  EXPECT_EQ(error_of({"user", "create", "a", "--email"}), "--email needs a value: --email ADDRESS");
  EXPECT_EQ(error_of({"user", "list", "--json=1"}), "--json takes no value");
  EXPECT_NE(error_of({"user", "create", "a", "--password", "x"}).find("the nearest is --password-file"), std::string::npos);
}

TEST(CommandLine, FamiliesNameTheirMembers) {
  EXPECT_NE(error_of({"token"}).find("\"bodega token create\""), std::string::npos);
  EXPECT_NE(error_of({"token", "mint"}).find("\"bodega token create\""), std::string::npos);
  EXPECT_EQ(shown({"token", "--help"}), shown({"help", "token"}));
  EXPECT_EQ(shown({"token", "create", "--help"}), shown({"help", "token", "create"}));
  EXPECT_NE(shown({"help"}).find("token create|list|revoke|rotate-secret"), std::string::npos);
  EXPECT_NE(error_of({"help", "token", "mint"}), "");
}

TEST(CommandLine, SwitchesMayStandAlone) {
  EXPECT_TRUE(parsed({"serve", "--offline"})->config.offline);
  EXPECT_TRUE(parsed({"serve", "--offline", "--threads", "2"})->config.offline);
  EXPECT_FALSE(parsed({"serve", "--access-log", "off"})->config.access_log);
  EXPECT_FALSE(parsed({"serve", "--access-log=off"})->config.access_log);
  EXPECT_NE(error_of({"serve", "--offline=maybe"}), "");
}

TEST(CommandLine, UnknownFlagsNameTheNearest) {
  EXPECT_EQ(error_of({"serve", "--cache-size", "1GB"}), "bodega serve has no option --cache-size; the nearest is --cache-max-size");
  EXPECT_EQ(error_of({"serve", "--port=80"}), "bodega serve has no option --port; the nearest is --listen");
  EXPECT_EQ(error_of({"fsck", "--repare"}), "bodega fsck has no option --repare; the nearest is --repair");
  EXPECT_EQ(error_of({"fsck", "--upstream", "x"}), "bodega fsck does not take --upstream");
  EXPECT_NE(error_of({"serve", "--repair"}), "");
  EXPECT_NE(error_of({"serve", "-data", "x"}), "");
}

TEST(CommandLine, UnknownCommandsNameTheNearest) {
  EXPECT_EQ(error_of({"server"}), "there is no command \"server\"; the nearest is \"serve\"");
  EXPECT_EQ(error_of({"check"}), "there is no command \"check\"; the nearest is \"check-config\"");
  EXPECT_EQ(error_of({"help", "fsk"}), "there is no command \"fsk\"; the nearest is \"fsck\"");
  EXPECT_NE(error_of({}).find("bodega serve"), std::string::npos);
  EXPECT_NE(error_of({"--listen", "x"}).find("bodega serve --listen"), std::string::npos);
}

TEST(CommandLine, MissingValuesAndStrayWordsAreErrors) {
  EXPECT_EQ(error_of({"serve", "--data"}), "--data needs a value: --data DIR");
  EXPECT_EQ(error_of({"serve", "--data", "--offline"}), "--data needs a value: --data DIR");
  EXPECT_NE(error_of({"serve", "now"}).find("now"), std::string::npos);
  EXPECT_NE(error_of({"version", "x"}), "");
  EXPECT_NE(error_of({"serve", "--"}), "");
  EXPECT_NE(error_of({"serve", "-"}), "");
  EXPECT_NE(error_of({"serve", "--=x"}), "");
  EXPECT_NE(error_of({"serve", ""}), "");
}

TEST(CommandLine, ThePasswordIsNoFlag) {
  const auto error = error_of({"serve", "--root-password", "hunter2"});
  EXPECT_NE(error.find("BODEGA_ROOT_PASSWORD"), std::string::npos);
  EXPECT_EQ(error.find("hunter2"), std::string::npos);
}

TEST(CommandLine, HelpExplainsEveryCommandInEightyColumns) {
  std::vector<std::vector<std::string>> topics{{"help"}, {"options"}};
  for (const auto& spec : commands()) topics.push_back({"help", std::string(spec.name)});
  for (const auto& family : families()) topics.push_back({"help", std::string(family.name)});
  for (auto topic : topics) {
    if (const auto blank = topic.back().find(' '); blank != std::string::npos) {
      const auto both = topic.back();
      topic.back() = both.substr(0, blank);
      topic.push_back(both.substr(blank + 1));
    }
    const auto text = shown(topic);
    EXPECT_FALSE(text.empty()) << topic.back();
    for (const auto line : split(text, '\n')) EXPECT_LE(line.size(), 80U) << line;
  }
  for (const auto* command : {"serve", "fsck", "check-config", "options", "version"})
    EXPECT_NE(shown({"help"}).find(command), std::string::npos);
  EXPECT_NE(shown({"serve", "-h"}).find("--upstream URL"), std::string::npos);
  EXPECT_EQ(shown({"fsck", "-h"}).find("--upstream URL"), std::string::npos);
  EXPECT_NE(shown({"fsck", "-h"}).find("--repair"), std::string::npos);
}

TEST(CommandLine, OptionsHasThreeForms) {
  EXPECT_TRUE(shown({"options", "--markdown"}).starts_with("# Options\n"));
  EXPECT_NE(shown({"options", "--toml"}).find("\n#threads = 0\n"), std::string::npos);
  EXPECT_TRUE(shown({"options"}).starts_with("Server:\n"));
  EXPECT_NE(error_of({"options", "--repair"}), "");
}

TEST(CommandLine, HelpComesBeforeErrorsOfTheConfiguration) { EXPECT_NE(shown({"serve", "--threads", "x", "--help"}), ""); }

TEST(CommandLine, CheckConfigShowsSourcesAndWarningsAndHidesSecrets) {
  const auto command = parsed({"check-config", "--threads", "2"}, {{"BODEGA_ROOT_PASSWORD", "hunter2"}, {"BODEGA_DATTA", "/x"}});
  ASSERT_TRUE(command.has_value()) << command.error().message;
  EXPECT_NE(command->text.find("2  "), std::string::npos);
  EXPECT_NE(command->text.find("# --threads\n"), std::string::npos);
  EXPECT_NE(command->text.find("# BODEGA_ROOT_PASSWORD\n"), std::string::npos);
  EXPECT_NE(command->text.find("BODEGA_DATTA"), std::string::npos);
  EXPECT_EQ(command->text.find("hunter2"), std::string::npos);
}

TEST(CommandLine, EveryCommandKnowsTheEnvironment) {
  EXPECT_EQ(parsed({"fsck"}, {{"BODEGA_DATA", "/d"}})->config.data, "/d");
  EXPECT_EQ(parsed({"serve"}, {{"BODEGA_DATTA", "/d"}})->warnings.size(), 1U);
}

}  // namespace
}  // namespace bodega::app
