// Errors for people: what happened, and what to do now. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "web/html.h"
#include "web/page_request.h"

namespace bodega::web {

// What an error answer of the other rooms says, whichever of their forms it has: {"message": ...}, their plain page, or text. "" when it
// says nothing beyond its status.
std::string message_of(const http::Response& response);

// The page of a status, with what is known of why.
http::Response error_page(const PageRequest& asked, int status, std::string_view message);

}  // namespace bodega::web
