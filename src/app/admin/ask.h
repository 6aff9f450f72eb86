// What the administration commands share: one question, its answer or the sentence that says why there is none.
#pragma once

#include <string>
#include <string_view>

#include "app/admin/administration.h"
#include "app/command_line.h"
#include "pypi/format/json_value.h"

namespace bodega::app {

// The whole answer of a 2xx. Everything else is an error whose message is for people: what the server said, and where to look.
Result<pypi::Json> ask(Administration& administration, const std::string& method, const std::string& target,
                       const pypi::Json* body = nullptr);
// For a command that asks once.
Result<pypi::Json> ask_once(const Command& command, const std::string& method, const std::string& target, const pypi::Json* body = nullptr);

// "result" of an answer; null when it has none.
pypi::Json result_of(const pypi::Json& answer);

// "/alice" and "/alice/dev"; invalid for what is no such name.
Result<std::string> user_path(const std::string& user);
Result<std::string> index_path(const std::string& key);

// Says why on standard error.
Exit complain(const Error& error);
// Prints the answer's message and ends well, or complains.
Exit conclude(const Result<pypi::Json>& answer);
// Prints with a line end.
void print(std::string_view text);

// A value in a cell: text as it is, lists with ", ", "" for null, the rest as JSON.
std::string cell(const pypi::Json* value);

}  // namespace bodega::app
