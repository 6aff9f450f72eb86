set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(BODEGA_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wformat=2)
if(BODEGA_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these two through std::string and coroutine frames at -O2 (GCC PR 105329, 105562, 107852).
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized)
  # Likewise where it inlines only one half of Asio's frame allocation.
  if(BODEGA_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-Wno-mismatched-new-delete)
  endif()
endif()

if(BODEGA_SANITIZE)
  add_compile_options(-fsanitize=${BODEGA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BODEGA_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND BODEGA_SANITIZE MATCHES "thread")
    # Asio's fences are no part of what orders its queues (mutexes are), so that TSan does not see them costs nothing.
    add_compile_options(-Wno-tsan)
  endif()
else()
  # Hardening that costs nothing measurable. _FORTIFY_SOURCE needs optimisation.
  add_compile_options(-fstack-protector-strong)
  add_compile_options($<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
  add_link_options(-Wl,-z,relro,-z,now)
endif()

find_program(BODEGA_LLD ld.lld)
if(BODEGA_LLD AND NOT BODEGA_SANITIZE)
  add_link_options(-fuse-ld=lld)
endif()
find_program(BODEGA_CCACHE ccache)
if(BODEGA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${BODEGA_CCACHE})
endif()
