// What a distribution file is for, in words for people who choose one by hand. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bodega::web {

// "CPython 3.12, Linux x86-64 (glibc 2.17 or newer)", "any Python 3, any system", "source". Tags that are not known stand as they are;
// empty for what is no distribution.
std::string file_words(std::string_view filename);

}  // namespace bodega::web
