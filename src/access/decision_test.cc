#include "access/decision.h"

#include <array>

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

constexpr std::array kAllActions{Action::read,        Action::create_user,    Action::modify_user,     Action::change_password,
                                 Action::delete_user, Action::create_index,   Action::modify_index,    Action::delete_index,
                                 Action::upload,      Action::delete_content, Action::upload_toxresult};

// What a token of alice may do on alice/dev, which only she may read and upload to.
std::string of_token(const Bound& bound, std::string_view index = "dev") {
  const std::vector<std::string> only{"alice"};
  Facts facts;
  facts.owner = "alice";
  facts.index = index;
  facts.acl_upload = facts.acl_read = facts.acl_toxresult_upload = &only;
  std::string out;
  for (const auto action : kAllActions) {
    const auto decision = may({"alice", Proof::own_token, bound}, action, facts);
    EXPECT_NE(decision, Decision::authenticate);  // who sends a token is known
    out += decision == Decision::allow ? 'A' : 'F';
  }
  return out;
}

TEST(Decision, ScopesOfTokensByAction) {
  //                                         rcmpdcmdudt
  EXPECT_EQ(of_token({Scope::all, {}}), "AAAAAAAAAAA");
  EXPECT_EQ(of_token({Scope::read, {}}), "AFFFFFFFFFF");
  EXPECT_EQ(of_token({Scope::upload, {}}), "AFFFFFFFAFA");
  EXPECT_EQ(of_token({Scope::read, {"alice/dev"}}), "AFFFFFFFFFF");
  EXPECT_EQ(of_token({Scope::upload, {"alice/dev", "alice/base"}}), "AFFFFFFFAFA");
  // A base of its index is read through it, never written to.
  EXPECT_EQ(of_token({Scope::upload, {"alice/top", "alice/dev"}}), "AFFFFFFFFFF");
  // Others, also those whose names begin or end alike.
  for (const std::string other : {"alice/prod", "bob/dev", "alice/de", "alice/devel", "ice/dev", "malice/dev", "dev", "/dev", ""}) {
    EXPECT_EQ(of_token({Scope::upload, {other}}), "FFFFFFFFFFF") << other;
  }
  EXPECT_EQ(of_token({Scope::upload, {"alice/"}}, ""), "FFFFFFFFFFF");
}

TEST(Decision, ATokenHasNoRightThatItsUserHasNot) {
  const std::vector<std::string> only{"bob"};
  Facts facts;
  facts.owner = "bob";
  facts.index = "dev";
  facts.acl_upload = facts.acl_read = &only;
  const Principal token{"alice", Proof::own_token, {Scope::upload, {"bob/dev"}}};
  EXPECT_EQ(may(token, Action::read, facts), Decision::forbid);
  EXPECT_EQ(may(token, Action::upload, facts), Decision::forbid);
  const Principal of_root{"root", Proof::own_token, {Scope::upload, {}}};
  EXPECT_EQ(may(of_root, Action::read, facts), Decision::allow);
  EXPECT_EQ(may(of_root, Action::delete_content, facts), Decision::forbid);
}

TEST(Decision, BeyondItsIndexATokenReadsAsAnybodyDoes) {
  Facts open;
  open.owner = "root";
  open.index = "pypi";
  const Principal token{"alice", Proof::own_token, {Scope::read, {"alice/dev"}}};
  EXPECT_EQ(may(token, Action::read, open), Decision::allow);
  EXPECT_EQ(may(token, Action::create_user, open), Decision::forbid);  // though anybody may
  const std::vector<std::string> members{":AUTHENTICATED:"};
  open.acl_read = &members;
  EXPECT_EQ(may(token, Action::read, open), Decision::forbid);
}

TEST(Decision, TheLocalAdministratorIsRootWhateverRestrictModifySays) {
  const std::vector<std::string> admins{"bob"};
  Facts facts;
  facts.owner = "alice";
  facts.index = "dev";
  facts.restrict_modify = &admins;
  const Principal local{"root", Proof::local};
  for (const auto action : {Action::create_user, Action::modify_user, Action::change_password, Action::delete_user, Action::create_index,
                            Action::modify_index, Action::delete_index, Action::delete_content, Action::read}) {
    EXPECT_EQ(may(local, action, facts), Decision::allow) << static_cast<int>(action);
    EXPECT_EQ(may(kRoot, action, facts) == Decision::allow, action == Action::read) << static_cast<int>(action);
  }
  facts.owner = "root";
  EXPECT_EQ(may(local, Action::delete_user, facts), Decision::forbid);
}

}  // namespace
}  // namespace bodega::access
