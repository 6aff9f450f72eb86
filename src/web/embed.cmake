# cmake -DASSETS=a;b -DOUTPUT=x.cc -P embed.cmake: web::embedded_assets(), see assets.h.
set(arrays "")
set(table "")
set(number 0)
list(SORT ASSETS)
foreach(path IN LISTS ASSETS)
  get_filename_component(name ${path} NAME)
  file(READ ${path} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
  # In pieces: the standard asks compilers for 65536 characters in one literal, and lines should stay readable for tools.
  string(REGEX REPLACE "((\\\\x..)(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?)" "\"\\1\"\n" bytes "${bytes}")
  string(APPEND arrays "constexpr char kAsset${number}[] =\n${bytes};\n")
  string(APPEND table "    {\"${name}\", {kAsset${number}, ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
"#include \"web/assets.h\"

namespace bodega::web {
namespace {

${arrays}
constexpr Asset kAssets[] = {
${table}};

}  // namespace

std::span<const Asset> embedded_assets() { return kAssets; }

}  // namespace bodega::web
")
