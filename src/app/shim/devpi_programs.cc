#include "app/shim/devpi_programs.h"

#include <cstdio>
#include <iterator>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access/random.h"
#include "app/shim/devpi_init.h"
#include "app/shim/devpi_plan.h"
#include "app/shim/devpi_settings.h"
#include "base/text.h"
#include "pypi/api/api_answer.h"

namespace bodega::app {
namespace {

Exit complain(DevpiProgram program, const std::string& sentence, Exit code) {
  std::fprintf(stderr, "%s: %s\n", std::string(name_of(program)).c_str(), sentence.c_str());
  return code;
}

std::vector<std::string> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<std::string> texts;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return texts;
  for (const auto* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST] = {};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) texts.emplace_back(text);
  }
  ::freeaddrinfo(found);
  return texts;
}

// Scripts read the last line, so it is devpi's version alone.
Exit print_version() {
  std::fprintf(stderr, "Bodega %s, which answers as devpi-server\n", std::string(version()).c_str());
  std::printf("%s\n", std::string(pypi::kDevpiServerVersion).c_str());
  return Exit::ok;
}

std::string belongs_to_devpi(const std::filesystem::path& data) {
  return data.string() +
         " holds the data of a devpi server, which stays untouched. Choose another --serverdir; to take the data over, run\n" +
         "  bodega import devpi-serverdir " + data.string() + " --data NEW-DIRECTORY";
}

// Whether the program may work on the directory; a sentence when not.
Result<void> check_directory(DevpiProgram program, const std::filesystem::path& data) {
  const auto found = judge_server_directory(data);
  // An import that was interrupted goes on; the import itself refuses what is not its own.
  const bool makes_it = program == DevpiProgram::init || program == DevpiProgram::import_data;
  const bool is_made = program == DevpiProgram::import_data ? is_initialised(data) : found == ServerDirectory::bodega;
  if (found == ServerDirectory::devpi) return fail(Code::invalid, belongs_to_devpi(data));
  if (makes_it && is_made) return fail(Code::invalid, data.string() + " is already initialised; it stays as it is");
  if (!makes_it && found == ServerDirectory::fresh) {
    return fail(Code::invalid, "there is no server's data in " + data.string() + "; make it with: devpi-init --serverdir " + data.string());
  }
  return {};
}

InitOptions init_options(const DevpiSettings& settings) {
  InitOptions options;
  options.root_password = Secret(settings.text("root-passwd").value_or(""));
  options.root_password_hash = settings.text("root-passwd-hash");
  if (settings.has("no-root-pypi")) options.root_pypi = pypi::RootPypi::leave_out;
  return options;
}

Exit init(const Command& command, const DevpiSettings& settings) {
  auto options = init_options(settings);
  const bool is_open = options.root_password.empty() && !options.root_password_hash;
  const auto done = init_server_directory(command.config, std::move(options));
  if (!done) return complain(DevpiProgram::init, done.error().describe(), Exit::failed);
  std::printf("%s is initialised; the user root has %s password. Start: devpi-server --serverdir %s\n", command.config.data.c_str(),
              is_open ? "an EMPTY" : "the given", command.config.data.c_str());
  return Exit::ok;
}

// What could not be taken was told; the server starts on the rest, as after an import without this name.
Exit import_data(const Command& command, const DevpiSettings& settings) {
  const Exit imported = command.run(command);
  if (imported != Exit::ok && imported != Exit::failed) return imported;
  const auto done = init_server_directory(command.config, init_options(settings));
  return done ? imported : complain(DevpiProgram::import_data, done.error().describe(), Exit::failed);
}

// An existing file stays as it is, so that a script may call this at each start.
Exit gen_secret(const DevpiSettings& settings, const Surroundings& surroundings) {
  constexpr auto kProgram = DevpiProgram::gen_secret;
  const auto file = settings.text("secretfile");
  if (!file) return complain(kProgram, "where to? devpi-gen-secret --secretfile FILE", Exit::failed);
  const auto path = devpi_path(*file, surroundings).string();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) {
    std::printf("%s is there already and stays as it is\n", path.c_str());
    return Exit::ok;
  }
  if (fd < 0) return complain(kProgram, fail_errno(errno, "write " + path).value().describe(), Exit::failed);
  const auto secret = base64_encode(access::random_bytes(32));
  const bool written = ::write(fd, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written) return complain(kProgram, path + " cannot be written", Exit::failed);
  std::printf("a new secret is in %s\n", path.c_str());
  return Exit::ok;
}

Exit run_plan(DevpiProgram program, const DevpiSettings& settings, DevpiPlan plan, const Surroundings& surroundings) {
  if (const auto fit = check_directory(program, plan.data); !fit) return complain(program, fit.error().message, Exit::failed);
  auto command = parse_command(plan.words, surroundings);
  if (!command) {
    return complain(program, command.error().message + "\n  asked of Bodega was: bodega " + join(plan.words, " "), Exit::usage);
  }
  if (program == DevpiProgram::server) {
    // They belong to the log, which the server opens.
    command->warnings.insert(command->warnings.end(), std::make_move_iterator(plan.warnings.begin()),
                             std::make_move_iterator(plan.warnings.end()));
    return command->run(*command);
  }
  for (const auto& warning : plan.warnings) std::fprintf(stderr, "%s: %s\n", std::string(name_of(program)).c_str(), warning.c_str());
  switch (program) {
    case DevpiProgram::init: return init(*command, settings);
    case DevpiProgram::import_data: return import_data(*command, settings);
    default: return command->run(*command);
  }
}

}  // namespace

Exit run_devpi_program(DevpiProgram program, std::span<const std::string> arguments, const Surroundings& surroundings) {
  auto settings = read_devpi_settings(program, arguments, surroundings);
  if (!settings) return complain(program, settings.error().message, Exit::usage);
  if (settings->help) {
    std::fputs(devpi_help(program).c_str(), stdout);
    return Exit::ok;
  }
  if (settings->has("version")) return print_version();
  if (program == DevpiProgram::gen_secret) return gen_secret(*settings, surroundings);
  if (const auto user = settings->text("passwd"); user) {
    settings->operand = *user;
    program = DevpiProgram::passwd;
  }
  auto plan = plan_of(program, *settings, surroundings, look_up);
  if (!plan) return complain(program, plan.error().message, Exit::usage);
  return run_plan(program, *settings, std::move(*plan), surroundings);
}

}  // namespace bodega::app
