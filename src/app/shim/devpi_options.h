// What devpi's command-line programs are called and which options they take, with what becomes of each here.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace bodega::app {

// Bits, so that an option can belong to several.
enum class DevpiProgram : unsigned { server = 1, init = 2, passwd = 4, export_data = 8, import_data = 16, fsck = 32, gen_secret = 64 };

// By the last part of argv[0]; nullopt: this is not one of devpi's programs.
std::optional<DevpiProgram> devpi_program(std::string_view argv0);
std::string_view name_of(DevpiProgram program);  // "devpi-server"
std::string_view summary_of(DevpiProgram program);
std::string_view operand_of(DevpiProgram program);  // "DIR", "[USER]", or empty

enum class Takes { nothing, text, number, several };  // several: texts, each given on its own

struct DevpiOption {
  std::string_view name;   // without dashes
  std::string_view value;  // what stands for the value in help
  Takes takes;
  unsigned programs;  // bits of DevpiProgram
  // Of an option that does something: the line of help. Empty: it has no effect, and `why` says why that is no loss.
  std::string_view sentence;
  std::string_view why;
};

std::span<const DevpiOption> devpi_options();
bool belongs(const DevpiOption& option, DevpiProgram program);

}  // namespace bodega::app
