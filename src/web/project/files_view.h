// The files of a release and their history, as tables. Pure.
#pragma once

#include "web/project/parts.h"
#include "web/project/release.h"

namespace bodega::web {

// Which of a release's files a page shows: a page stays below 60 KB, whatever a file's row takes.
struct FilePart {
  std::size_t first = 0;
  std::size_t end = 0;  // behind the last one
};
// From the file that ?file_from= numbers, as many as there is room for.
FilePart write_files(Html& html, const ProjectPlace& place, const ReleaseView& release);
// For who may: the whole release goes.
void write_deletion(Html& html, const ProjectPlace& place, const ReleaseView& release);
// Of the files that are shown.
void write_log(Html& html, const ProjectPlace& place, const ReleaseView& release, const FilePart& part);

}  // namespace bodega::web
