// The files of a release and their history, as tables. Pure.
#pragma once

#include "web/project/parts.h"
#include "web/project/release.h"

namespace bodega::web {

void write_files(Html& html, const ProjectPlace& place, const ReleaseView& release);
// For who may: the whole release goes.
void write_deletion(Html& html, const ProjectPlace& place, const ReleaseView& release);
void write_log(Html& html, const ProjectPlace& place, const ReleaseView& release);

}  // namespace bodega::web
