#include "web/icons.h"

namespace bodega::web {
namespace {

// On a grid of 24, drawn with strokes.
const char* strokes(Icon which) {
  switch (which) {
    case Icon::logo: return R"(<path d="M4 10 12 4l8 6v10H4z"/><path d="M9 20v-5a3 3 0 0 1 6 0v5M4 10h16"/>)";
    case Icon::search: return R"(<circle cx="11" cy="11" r="6.5"/><path d="m20 20-4.2-4.2"/>)";
    case Icon::theme: return R"(<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor"/>)";
    case Icon::copy: return R"(<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15H4V5a1 1 0 0 1 1-1h10v1"/>)";
    case Icon::feed: return R"(<path d="M5 11a8 8 0 0 1 8 8M5 5a14 14 0 0 1 14 14"/><circle cx="6" cy="18" r="1.2" fill="currentColor"/>)";
    case Icon::person: return R"(<circle cx="12" cy="8" r="3.8"/><path d="M4.5 20a7.5 7.5 0 0 1 15 0"/>)";
    case Icon::lock: return R"(<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>)";
    case Icon::warning: return R"(<path d="M12 4 2.8 20h18.4z"/><path d="M12 10v4.5M12 17.2v.3"/>)";
    case Icon::mirror: return R"(<path d="M4 12a8 8 0 0 1 13.7-5.6L20 8.5M20 4v4.5h-4.5M20 12a8 8 0 0 1-13.7 5.6L4 15.5M4 20v-4.5h4.5"/>)";
    case Icon::stage: return R"(<path d="m12 3.5 8 4.2v8.6l-8 4.2-8-4.2V7.7zM4 7.7l8 4.3 8-4.3M12 12v8.5"/>)";
    case Icon::file: return R"(<path d="M6 3.5h8l4 4v13H6zM14 3.5v4h4"/>)";
    case Icon::clock: return R"(<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.2 2"/>)";
  }
  return "";
}

}  // namespace

Markup icon(Icon which) {
  return Markup(std::string(R"(<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">)") + strokes(which) + "</svg>");
}

}  // namespace bodega::web
