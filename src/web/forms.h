// Forms: how they look, how they are read, and how they become the calls that programs make.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/multipart.h"
#include "pypi/format/json_value.h"
#include "web/html.h"
#include "web/page_request.h"

namespace bodega::web {

// ---- How they look. Pure. ----

struct Field {
  std::string_view name;
  std::string_view label;
  std::string value{};
  std::string_view hint{};
  std::string_view type{"text"};  // of the input
  std::string_view autocomplete{"off"};
  bool required = false;
};

// With the word that says the form is ours.
void begin_form(Html& html, const PageRequest& asked, std::string_view action, std::string_view css_class = "fields");
void write_field(Html& html, const Field& field);
void write_check(Html& html, std::string_view name, std::string_view label, bool on, std::string_view hint = {});
void write_hidden(Html& html, std::string_view name, std::string_view value);
void end_form(Html& html, std::string_view button);
// What went wrong with the form that was sent; nothing when `problem` is empty.
void write_problem(Html& html, std::string_view problem);

// ---- How they are read. ----

class FormValues {
 public:
  FormValues() = default;
  explicit FormValues(http::FormFields fields) : fields_(std::move(fields)) {}
  std::string_view get(std::string_view name) const;  // trimmed; "" when absent
  std::string_view raw(std::string_view name) const;  // as sent: passwords
  bool has(std::string_view name) const;

 private:
  http::FormFields fields_;
};

// At most 1 MiB. invalid: not a form; too_large.
Task<Result<FormValues>> read_form(http::Request& request);

// ---- What programs would ask. ----

// A body that is at hand.
class TextBody final : public http::RequestBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  Task<Result<std::string>> read() override;

 private:
  std::string text_;
};

// The request of a program with the rights of the session, from the same client. `asked` and `body` outlive it.
http::Request program_request(const PageRequest& asked, http::Method method, http::RequestBody* body);

struct Outcome {
  int status = 0;
  std::string message;  // of what went wrong, or right
  pypi::Json answer;    // the "result" of the answer, if it has one
  bool ok() const { return status < 400; }
};
Outcome outcome_of(const http::Response& response);

}  // namespace bodega::web
