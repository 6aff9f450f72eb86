#include "access/decision.h"

#include <gtest/gtest.h>

namespace bodega::access {
namespace {

const Principal kNobody{};
const Principal kRoot{"root", Proof::password};
const Principal kAlice{"alice", Proof::login_token};
const Principal kBob{"bob", Proof::password};

// One letter for each of: nobody, alice (the owner), bob (in acl_upload), root. A = allow, 4 = authenticate, F = forbid.
std::string cell(Action action, const Facts& facts) {
  std::string out;
  for (const auto* who : {&kNobody, &kAlice, &kBob, &kRoot}) {
    switch (may(*who, action, facts)) {
      case Decision::allow: out += 'A'; break;
      case Decision::authenticate: out += '4'; break;
      case Decision::forbid: out += 'F'; break;
    }
  }
  return out;
}

struct Row {
  Action action;
  const char* expected;
};

TEST(Decision, OrdinaryRules) {
  const std::vector<std::string> upload{"bob"};
  const std::vector<std::string> everybody{":ANONYMOUS:"};
  Facts facts;
  facts.owner = "alice";
  facts.acl_upload = &upload;
  facts.acl_toxresult_upload = &everybody;
  for (const auto& [action, expected] : std::initializer_list<Row>{
           {Action::read, "AAAA"},
           {Action::create_user, "AAAA"},
           {Action::modify_user, "4AFA"},
           {Action::change_password, "4AFA"},
           {Action::delete_user, "4AFA"},
           {Action::create_index, "4AFA"},
           {Action::modify_index, "4AFA"},
           {Action::delete_index, "4AFA"},
           {Action::upload, "4FAF"},  // not even root: acl_upload is the whole list
           {Action::delete_content, "4AAA"},
           {Action::upload_toxresult, "AAAA"},
       }) {
    EXPECT_EQ(cell(action, facts), expected) << static_cast<int>(action);
  }
}

TEST(Decision, RestrictModifyTakesTheRightsOfOwnersAndRoot) {
  const std::vector<std::string> admins{"bob"};
  const std::vector<std::string> upload{"alice"};
  Facts facts;
  facts.owner = "alice";
  facts.acl_upload = &upload;
  facts.restrict_modify = &admins;
  for (const auto& [action, expected] : std::initializer_list<Row>{
           {Action::read, "AAAA"},
           {Action::create_user, "4FAF"},
           {Action::modify_user, "4FAF"},
           {Action::change_password, "4AAF"},  // the own password stays one's own
           {Action::delete_user, "4FAF"},
           {Action::create_index, "4FAF"},
           {Action::modify_index, "4FAF"},
           {Action::delete_index, "4FAF"},
           {Action::upload, "4AFF"},
           {Action::delete_content, "4AAF"},
       }) {
    EXPECT_EQ(cell(action, facts), expected) << static_cast<int>(action);
  }
  facts.owner = "bob";
  EXPECT_EQ(cell(Action::delete_user, facts), "4FFF");  // an administrator does not remove itself
}

TEST(Decision, RootIsNeverDeleted) {
  const std::vector<std::string> admins{"bob"};
  Facts facts;
  facts.owner = "root";
  EXPECT_EQ(cell(Action::delete_user, facts), "4FFF");
  facts.restrict_modify = &admins;
  EXPECT_EQ(cell(Action::delete_user, facts), "4FFF");
}

TEST(Decision, WordsOfAccessLists) {
  Facts facts;
  facts.owner = "carol";
  struct Case {
    std::vector<std::string> list;
    const char* expected;
  };
  for (const auto& [list, expected] : std::initializer_list<Case>{
           {{}, "4FFF"},
           {{":ANONYMOUS:"}, "AAAA"},
           {{":AUTHENTICATED:"}, "4AAA"},
           {{"alice", "root"}, "4AFA"},
           {{":group", ""}, "4FFF"},   // groups come from plugins only; the empty name is nobody
           {{":anonymous:"}, "4FFF"},  // stored lists are upper-cased when they are set
       }) {
    facts.acl_upload = &list;
    EXPECT_EQ(cell(Action::upload, facts), expected);
  }
}

TEST(Decision, NobodyUploadsToAMirror) {
  Facts facts;
  facts.owner = "alice";
  EXPECT_EQ(cell(Action::upload, facts), "4FFF");
}

TEST(Decision, AReadListKeepsOwnerAndRoot) {
  const std::vector<std::string> readers{"bob"};
  Facts facts;
  facts.owner = "alice";
  facts.acl_read = &readers;
  EXPECT_EQ(cell(Action::read, facts), "4AAA");
  facts.owner = "carol";
  EXPECT_EQ(cell(Action::read, facts), "4FAA");
}

}  // namespace
}  // namespace bodega::access
