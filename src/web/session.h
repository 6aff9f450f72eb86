// Cookies of a person's browser: the session (what it is worth: sessions.h), and what the last form led to. The session counts for looking
// at things, and for forms that carry its own word; programs' routes that change something never see it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "http/message.h"

namespace bodega::web {

// The value of a cookie of the request; "" when there is none.
std::string_view cookie_of(const http::Request& request, std::string_view name);

// What the session's cookie holds; says nothing about its worth. "" when there is none.
std::string_view session_text_of(const http::Request& request);

// For the Set-Cookie header. Behind https the name begins with "__Host-": then no other host of the domain, and no page over http, can
// plant one. The life is a login's.
std::string session_cookie(const http::Request& request, std::string_view text);
std::string no_session_cookie(const http::Request& request);

// What a form must carry to be of this session: nobody who has not read our page can know it. It is the same as long as the session, so
// that pages keep their ETag; that it stands in compressed pages tells nothing to other sites, whose requests come without the cookie
// (SameSite).
std::string csrf_of(const Secret& key, std::string_view session);

// What the last form led to, told once on the next page: a cookie of a minute.
std::string notice_cookie(const http::Request& request, std::string_view text);
std::string no_notice_cookie(const http::Request& request);
std::string notice_of(const http::Request& request);

}  // namespace bodega::web
