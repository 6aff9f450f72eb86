// Push to another server.
#include "tests/hermetic/push_for_test.h"

namespace bodega::testing {
namespace {

using PushOutside = PushWorld;

TEST_F(PushOutside, AReleaseIsSentToAnotherServer) {
  whole_release();
  server.upstream().on(kPost, answer_status(200, "thanks"));
  const std::string whl = "root/dev/" + devpi_dir(wheel) + "hello-1.0-py3-none-any.whl";
  EXPECT_EQ(push_out("root/dev", R"(,"register_project":true)"), R"(200 [[200,"register","hello","1.0"],[200,"upload",")" + whl +
                                                                     R"(",""],[200,"upload","root/dev/)" + devpi_dir("an installer") +
                                                                     kMsi + R"(",""],[200,"docfile","hello"]])");
  const auto& requests = server.upstream().requests();
  ASSERT_EQ(requests.size(), 4U);
  for (const auto& request : requests) {
    EXPECT_EQ(request.method, "POST");
    ASSERT_TRUE(request.credentials);
    EXPECT_EQ(request.credentials->origin, "http://elsewhere.test");
    EXPECT_EQ(request.credentials->user, "u");
    EXPECT_EQ(request.credentials->password.reveal(), "s3cret");
    EXPECT_GT(request.total_timeout, Duration::zero());
  }
  EXPECT_EQ(requests[0].headers.get("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_TRUE(requests[0].body.starts_with("name=hello&version=1.0&metadata_version=2.1&summary=&")) << requests[0].body;
  EXPECT_TRUE(requests[0].body.ends_with("&%3Aaction=submit")) << requests[0].body;
  const auto sent = body_of(requests[1]);
  for (const std::string part : {"name=\":action\"\r\n\r\nfile_upload\r\n", "name=\"filetype\"\r\n\r\nbdist_wheel\r\n",
                                 "name=\"pyversion\"\r\n\r\n3\r\n", "name=\"requires_dist\"\r\n\r\nsix\r\n"}) {
    EXPECT_NE(sent.find(part), std::string::npos) << part;
  }
  EXPECT_NE(sent.find("name=\"sha256_digest\"\r\n\r\n" + Digest::of(wheel).hex()), std::string::npos);
  EXPECT_NE(sent.find("filename=\"hello-1.0-py3-none-any.whl\"\r\nContent-Type: application/octet-stream\r\n\r\n" + wheel),
            std::string::npos);
  EXPECT_NE(body_of(requests[3]).find("filename=\"hello.zip\""), std::string::npos);
  EXPECT_NE(body_of(requests[3]).find("doc_upload"), std::string::npos);
}

TEST_F(PushOutside, WhatWasSentCanBeUploadedHere) {
  whole_release();
  server.upstream().on(kPost, answer_status(200));
  push_out("root/dev", R"(,"no_docs":true)");
  index("root/second");
  for (const auto& request : server.upstream().requests()) {
    const auto got = send("POST", "/root/second/", body_of(request), kRoot, std::string(request.headers.get("Content-Type")));
    EXPECT_EQ(got.status, 200) << got.reason;
  }
  EXPECT_EQ(file("root/second", "hello-1.0-py3-none-any.whl")->digest, Digest::of(wheel));
}

TEST_F(PushOutside, TheOtherServersWordIsTheAnswer) {
  upload("root/dev", "hello-1.0-py3-none-any.whl", wheel);
  const std::string whl = "root/dev/" + devpi_dir(wheel) + "hello-1.0-py3-none-any.whl";
  server.upstream().on(kPost, answer_status(409, "there \xff already"));
  EXPECT_EQ(push_out("root/dev"), R"(502 [[409,"upload",")" + whl + R"(","there \ufffd already"]])");
  server.upstream().on(kPost, answer_status(400, std::string(100'000, 'x')));
  EXPECT_LT(push_out("root/dev").size(), 10'000U);
  server.upstream().on(kPost, answer_status(301));
  EXPECT_EQ(push_out("root/dev"), R"(502 [[301,"upload",")" + whl + R"(",""]])");
  server.upstream().on(kPost, answer_error(http::FetchFailure::connect));
  EXPECT_EQ(push_out("root/dev"), R"(502 [[-1,"exception on release upload:","the upstream failed as scripted"]])");
  EXPECT_EQ(push_out("root/dev", R"(,"register_project":true)"),
            R"(502 [[-1,"exception on register:","the upstream failed as scripted"]])");
  for (const auto& event : server.log().events()) {
    for (const auto& [name, value] : event.fields) EXPECT_EQ(value.find("s3cret"), std::string::npos) << event.name << " " << name;
  }
}

TEST_F(PushOutside, ARegistrationThatIsGoneOrRefused) {
  upload("root/dev", "hello-1.0-py3-none-any.whl", wheel);
  server.upstream().once(kPost, answer_status(410));
  server.upstream().on(kPost, answer_status(201));
  EXPECT_EQ(push_out("root/dev", R"(,"register_project":true)").substr(0, 40), R"(200 [[410,"register","hello","1.0"],[201)");
  server.upstream().forget_requests();
  server.upstream().on(kPost, answer_status(403, "no"));
  EXPECT_EQ(push_out("root/dev", R"(,"register_project":true)"), R"(502 [[403,"register","hello","1.0"]])");
  EXPECT_EQ(server.upstream().count(), 1U);
}

TEST_F(PushOutside, OnlyWhoMayUploadMakesTheServerSendAnything) {
  user("bob");
  index("root/all", R"({"acl_upload": [":ANONYMOUS:"]})");
  upload("root/dev", "hello-1.0-py3-none-any.whl", wheel);
  upload("root/all", "hello-1.0-py3-none-any.whl", wheel);
  EXPECT_EQ(push_out("root/all", "", ""), "401 user None cannot push from 'root/all' to another server");
  EXPECT_EQ(push_out("root/dev", "", "bob:secret"), "403 user 'bob' cannot push from 'root/dev' to another server");
  EXPECT_EQ(server.upstream().count(), 0U);
}

}  // namespace
}  // namespace bodega::testing
