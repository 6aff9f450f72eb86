// An Error as the answer that its reader can show: uv reads application/problem+json, pip and twine print the reason phrase, devpi's
// client reads {"message": ...}, people read a page. All of them say why.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace bodega::http {

int status_of(Code code);

// What somebody reads who accepts anything: text, or devpi's JSON, which its file addresses answer.
enum class AnyReader { text, devpi };

// The message goes to the client, `context` only to the log. Never cacheable. Retry-After for 503 and its kin: 5 s unless the error says
// so.
Response error_response(const Error& error, const Request& request, AnyReader any = AnyReader::text);
// The same with a status that no code has (421, 405 ...).
Response error_response(int status, const Error& error, const Request& request, AnyReader any = AnyReader::text);

}  // namespace bodega::http
