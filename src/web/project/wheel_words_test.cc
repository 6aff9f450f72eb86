#include "web/project/wheel_words.h"

#include <gtest/gtest.h>

namespace bodega::web {
namespace {

TEST(WheelWords, SayWhatAFileIsFor) {
  struct Case {
    const char* filename;
    const char* words;
  };
  const Case cases[] = {
      {"a-1.0-py3-none-any.whl", "any Python 3, any system"},
      {"a-1.0-py2.py3-none-any.whl", "any Python, any system"},
      {"a-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "CPython 3.12, Linux x86-64 (glibc 2.17 or newer)"},
      {"a-1.0-cp39-abi3-win_amd64.whl", "CPython 3.9 or newer, Windows x86-64"},
      {"a-1.0-cp313-cp313t-musllinux_1_2_aarch64.whl", "CPython 3.13 free-threaded, Linux ARM 64-bit (musl 1.2 or newer)"},
      {"a-1.0-cp311-cp311-macosx_10_9_universal2.whl", "CPython 3.11, macOS 10.9 or newer, Intel and Apple silicon"},
      {"a-1.0-pp310-pypy310_pp73-win32.whl", "PyPy 3.10, Windows 32-bit"},
      {"a-1.0-cp38-cp38-manylinux1_i686.whl", "CPython 3.8, Linux 32-bit x86 (glibc 2.5 or newer)"},
      {"a-1.0-weird-none-plan9_mips.whl", "weird, plan9_mips"},
      {"a-1.0-py3-none-manylinux_x_y_z.whl", "any Python 3, manylinux_x_y_z"},
      {"a-1.0-py3-t-any.whl", "any Python 3, any system"},
      {"a-1.0.tar.gz", "source"},
      {"a-1.0.win32.exe", "Windows installer"},
      {"a.txt", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(file_words(c.filename), c.words) << c.filename;
}

}  // namespace
}  // namespace bodega::web
