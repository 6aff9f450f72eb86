// How much of a server is searched.
#pragma once

namespace bodega::web {

enum class Indexed { all, hosted, nothing };  // all: mirrors too

}  // namespace bodega::web
