// HTML of strangers made into HTML of ours. What comes is read as tokens and written anew from an allow-list of elements and attributes:
// nothing is copied through, so a mistake in reading costs a picture of the page, never its safety. The result is balanced, properly nested
// (a browser builds exactly this tree of it), bounded in depth and size, and made in linear time. Pure.
//
// It goes into an <article>: no element of it can end one. Its headings are one step below those it came with, because the page has the
// first. An image becomes a link to it, because pages load nothing from elsewhere. Links go to http, https and mailto, and within the text.
#pragma once

#include <string>
#include <string_view>

namespace bodega::web {

std::string sanitize_html(std::string_view html);

// The absolute URL that may stand in a link: http, https or mailto; "//host" is https. Empty when the text is no such thing.
std::string safe_url(std::string_view text);

// What a heading is known by in links of its text, before the prefix that keeps it apart from the page's own: as on GitHub, and near enough
// to docutils.
std::string heading_slug(std::string_view text);

}  // namespace bodega::web
