// Takes a JSON document apart while it arrives: the elements of one array, a member of the outermost object, come in batches; the rest is
// given at the end, with that array empty. Neither is checked here: the document is valid exactly when the rest and all batches are.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bodega::pypi {

class ArraySplitter {
 public:
  // Takes a text "[...]" of whole elements. Its error ends feed(), after which there is nothing more to ask.
  using Batch = std::function<Result<void>(std::string_view)>;
  // Bytes behind a batch and the rest that may be read: parsers take whole words.
  static constexpr std::size_t kRoom = 64;

  // Batches have at least `batch_bytes`, but for the last of an array. A name that is written with escapes is not recognised: such an array
  // stays in the rest.
  ArraySplitter(std::string member, std::size_t batch_bytes, Batch batch);

  Result<void> feed(std::string_view text);
  // Of a document that was cut off this is no JSON.
  std::string finish();
  // How many arrays of that name began. A member counts as often as it is given; by custom the last one is meant.
  std::size_t arrays() const { return arrays_; }

 private:
  void skip_string(std::size_t& at);
  Result<void> punctuation(std::size_t at);
  void begin_array(std::size_t at);
  Result<void> end_array(std::size_t at);
  Result<void> hand_over();
  void take(std::size_t end);
  bool in_object() const { return depth_ == 1 && !in_array_; }

  const std::string member_;
  const std::size_t batch_bytes_;
  const Batch batch_;
  std::string rest_;
  std::string elements_;       // the batch so far, from its bracket on
  std::string_view text_;      // of this feed()
  std::size_t taken_ = 0;      // of text_
  std::size_t depth_ = 0;      // brackets that are open
  std::size_t key_begin_ = 0;  // in rest_: where the last string of the outermost object begins
  std::size_t arrays_ = 0;
  bool in_array_ = false;
  bool in_string_ = false;
  bool escaped_ = false;   // the next byte of the string is
  bool is_key_ = false;    // the last string of the outermost object is the member's name
  bool is_value_ = false;  // and a colon came behind it
  bool cut_ = false;       // a batch ended at a comma: an element must follow
};

}  // namespace bodega::pypi
