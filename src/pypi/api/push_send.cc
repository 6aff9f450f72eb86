// A push to another server.
#include <algorithm>

#include "access/random.h"
#include "base/text.h"
#include "http/client_error.h"
#include "pypi/api/api_answer.h"
#include "pypi/api/push.h"
#include "pypi/index/attachments.h"

namespace bodega::pypi {

using http::Response;

namespace {

// What another server says of a refusal is shown to the client, so far.
constexpr std::size_t kMaxText = 8 << 10;
// The public index checks a large file for minutes before it answers.
constexpr auto kAnswerWithin = std::chrono::minutes(5);
constexpr auto kConnectWithin = std::chrono::seconds(10);

bool is_good(int status) { return status == 200 || status == 201; }

std::string new_boundary() { return to_hex(access::random_bytes(16)); }

Json trouble(std::string_view what, const Error& error) { return Json::Array{-1, what, error.message}; }

http::FetchRequest request_to(const PushOutside& to) {
  http::FetchRequest request;
  request.url = to.url;
  request.method = "POST";
  request.private_addresses = http::PrivateAddresses::allow;  // whoever pushes named it
  request.headers.add("Accept", "*/*");
  request.credentials = http::Credentials{to.url.origin(), to.user, to.password};
  request.connect_timeout = kConnectWithin;
  request.head_timeout = kAnswerWithin;
  return request;
}

int last_status(const Json& log) {
  if (log.items().empty()) return 0;
  const auto* status = log.items().back().items().front().integer();
  return status ? static_cast<int>(*status) : 0;
}

}  // namespace

Task<Result<Response>> Push::outside(Job job, PushOutside to, Found found) {
  const auto needed = job.index->is_mirror() ? access::Action::modify_index : access::Action::upload;
  if (job.who.anonymous() || !may(job.who, needed, *job.index)) {
    const std::string who = job.who.anonymous() ? "None" : python_repr(Json(job.who.user));
    co_return api_message(job.who.anonymous() ? 401 : 403,
                          "user " + who + " cannot push from " + python_repr(Json(job.index->key())) + " to another server");
  }
  auto pass = co_await sending_.enter();
  if (!pass) co_return fail(Code::busy, "too many pushes to other servers at once; try again later");
  Claims claims;
  auto fetched = co_await fetch(found, claims);
  if (!fetched) co_return fail(std::move(fetched).error());
  auto work = send_all(job, to, found.source);
  auto log = co_await std::move(work);
  const int status = is_good(last_status(log)) ? 200 : 502;
  use_.log.info("push.sent", {{"from", found.source.index},
                              {"to", http::upstream_name(to.url)},
                              {"project", found.source.project},
                              {"version", found.source.version},
                              {"status", status},
                              {"user", job.who.user}});
  co_return api_result(status, std::move(log), "actionlog");
}

// After a failure the rest is tried all the same, as devpi does: each file has an entry of its own.
Task<Json> Push::send_all(Job job, PushOutside to, PushSource source) {
  const MonoTime until = use_.clock.mono() + kSendFor;
  auto log = Json::array();
  if (to.registration == Registration::first) {
    auto request = request_to(to);
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = register_form(source.metadata);
    auto sent = co_await send(std::move(request), until);
    if (!sent) {
      log.push_back(trouble("exception on register:", sent.error()));
      co_return log;
    }
    log.push_back(Json::Array{sent->status, "register", job.wish.name, job.wish.version});
    // 410: the public index knows no registration any more.
    if (!is_good(sent->status) && sent->status != 410) co_return log;
  }
  for (const auto& file : source.files) {
    auto form = file_form(source.metadata, file, new_boundary());
    auto work = send_file(to, std::move(form), file.digest, until);
    auto sent = co_await std::move(work);
    const auto path = source.index + "/" + hosted_path(file.digest, file.filename);
    log.push_back(sent ? Json(Json::Array{sent->status, "upload", path, sent->text})
                       : trouble("exception on release upload:", sent.error()));
  }
  if (source.docs) {
    auto form = docs_form(source.metadata, source.display, new_boundary());
    auto work = send_file(to, std::move(form), source.docs->digest, until);
    auto sent = co_await std::move(work);
    log.push_back(sent ? Json(Json::Array{sent->status, "docfile", source.display})
                       : trouble("exception on documentation upload:", sent.error()));
  }
  co_return log;
}

Task<Result<Push::Sent>> Push::send_file(PushOutside to, PushForm form, Digest digest, MonoTime until) {
  auto blob = co_await use_.artifacts.open(digest);
  if (!blob) {
    use_.log.error("push.unreadable", {{"sha256", digest.hex()}, {"why", blob.error().describe()}});
    co_return fail(Code::io, "the file is damaged or missing on this server's disk; its operator must restore it");
  }
  auto request = request_to(to);
  request.headers.add("Content-Type", form.content_type);
  request.body = std::move(form.before);
  request.body_file = *blob;
  request.body_end = std::move(form.after);
  co_return co_await send(std::move(request), until);
}

Task<Result<Push::Sent>> Push::send(http::FetchRequest request, MonoTime until) {
  request.total_timeout = std::chrono::duration_cast<Duration>(until - use_.clock.mono());
  if (request.total_timeout <= Duration::zero()) co_return fail(Code::upstream_timeout, "the push took too long");
  auto response = co_await use_.client.fetch(std::move(request));
  if (!response) co_return fail(std::move(response).error());
  Sent sent{response->status, {}};
  while (!is_good(sent.status) && sent.text.size() < kMaxText) {
    auto piece = co_await response->body->read();
    if (!piece || piece->empty()) break;  // the status says it all
    sent.text.append(*piece, 0, kMaxText - sent.text.size());
  }
  co_return sent;
}

}  // namespace bodega::pypi
