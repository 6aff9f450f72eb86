// Atom feeds (RFC 4287). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "http/message.h"
#include "pypi/index/readers.h"

namespace bodega::web {

// All URLs absolute: feed readers keep them without the feed.
struct FeedEntry {
  std::string id;  // an URL that stays; stands for the entry, need not lead anywhere
  std::string title;
  std::string url;
  WallTime updated{};
  std::string summary;  // plain text; may be empty
  std::string author;   // may be empty
};

struct FeedHead {
  std::string title;
  std::string url;   // of the page that shows the same
  std::string self;  // of the feed, and its id
};

// Entries in their order, newest first. ETag, Last-Modified and how long it may be kept are set; whoever may not read what the feed tells
// must not get here. The text of strangers is plain text in it, and is made printable.
http::Response atom_feed(const FeedHead& head, const std::vector<FeedEntry>& entries, pypi::Audience audience);

}  // namespace bodega::web
