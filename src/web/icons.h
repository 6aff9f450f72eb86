// The few drawings that stand inside pages, so that they take the colour of the text around them.
#pragma once

#include "web/html.h"

namespace bodega::web {

enum class Icon { logo, search, theme, copy, feed, person, lock, warning, mirror, stage, file, clock };
Markup icon(Icon which);

}  // namespace bodega::web
