#include "app/shim/devpi_options.h"

#include <algorithm>
#include <array>

namespace bodega::app {
namespace {

struct Program {
  DevpiProgram program;
  std::string_view name;
  std::string_view operand;
  std::string_view summary;
};

constexpr std::array<Program, 7> kPrograms{{
    {DevpiProgram::server, "devpi-server", "", "Run the server. The data directory must have been made by devpi-init or devpi-import."},
    {DevpiProgram::init, "devpi-init", "", "Make the data directory with the user root and the mirror root/pypi."},
    {DevpiProgram::passwd, "devpi-passwd", "[USER]", "Change the password of a user."},
    {DevpiProgram::export_data, "devpi-export", "DIR", "Write all data as files that devpi-import reads."},
    {DevpiProgram::import_data, "devpi-import", "DIR", "Read what devpi-export wrote into a new data directory."},
    {DevpiProgram::fsck, "devpi-fsck", "", "Check the stored files against their digests."},
    {DevpiProgram::gen_secret, "devpi-gen-secret", "", "Write a random secret for --secretfile."},
}};

constexpr unsigned bit(DevpiProgram program) { return static_cast<unsigned>(program); }

constexpr unsigned kServer = bit(DevpiProgram::server);
constexpr unsigned kInit = bit(DevpiProgram::init);
constexpr unsigned kExport = bit(DevpiProgram::export_data);
constexpr unsigned kImport = bit(DevpiProgram::import_data);
constexpr unsigned kFsck = bit(DevpiProgram::fsck);
constexpr unsigned kSecret = bit(DevpiProgram::gen_secret);
constexpr unsigned kStored = kServer | kInit | kExport | kImport | kFsck | bit(DevpiProgram::passwd);
constexpr unsigned kAll = kStored | kSecret;

constexpr std::string_view kNoReplicas = "this server is no replica of a devpi server";
constexpr std::string_view kArgon2 = "passwords are Argon2id with 64 MiB and three passes";
constexpr std::string_view kOwnPages = "the pages for people are the server's own";

constexpr std::array kOptions{
    DevpiOption{"configfile", "FILE", Takes::text, kAll, "YAML file with a section devpi-server: of these options.", ""},
    DevpiOption{"version", "", Takes::nothing, kServer, "Print the version of devpi-server whose interface this is.", ""},
    DevpiOption{"passwd", "USER", Takes::text, kServer, "As devpi-passwd USER.", ""},
    DevpiOption{"role", "ROLE", Takes::text, kServer | kInit, "auto or standalone; as master or primary nothing is replicated.", ""},
    DevpiOption{"debug", "", Takes::nothing, kAll, "Log more.", ""},
    DevpiOption{"logger-cfg", "FILE", Takes::text, kAll, "", "the form of the log is set by BODEGA_LOG_FORMAT and BODEGA_LOG_LEVEL"},

    DevpiOption{"host", "HOST", Takes::text, kServer, "Address or name to listen on; localhost unless told.", ""},
    DevpiOption{"port", "PORT", Takes::number, kServer, "Port to listen on; 3141 unless told.", ""},
    DevpiOption{"listen", "HOST:PORT", Takes::several, kServer, "Listen here instead; may be given several times.", ""},
    DevpiOption{"unix-socket", "PATH", Takes::text, kServer,
                "Listen on this Unix socket; alone, unless --host, --port or --listen is given too.", ""},
    DevpiOption{"unix-socket-perms", "MODE", Takes::text, kServer, "Its permissions, in octal; 600 unless told.", ""},
    DevpiOption{"threads", "N", Takes::number, kServer, "", "connections are no threads here"},
    DevpiOption{"connection-limit", "N", Takes::number, kServer, "", "the limit is that of open files"},
    DevpiOption{"trusted-proxy", "ADDRESS", Takes::text, kServer,
                "Believe the X-Forwarded-* and X-Outside-Url headers of this proxy, besides one on the same machine; * is everybody.", ""},
    DevpiOption{"trusted-proxy-count", "N", Takes::number, kServer, "", "every trusted proxy of a chain counts"},
    DevpiOption{"trusted-proxy-headers", "HEADERS", Takes::text, kServer, "", "all forwarding headers of a trusted proxy count"},
    DevpiOption{"max-request-body-size", "BYTES", Takes::number, kServer, "Largest file that may be uploaded.", ""},
    DevpiOption{"outside-url", "URL", Takes::text, kServer, "Where people reach this server.", ""},
    DevpiOption{"absolute-urls", "", Takes::nothing, kServer, "", "links fit whatever address the client used"},
    DevpiOption{"enable-core-metadata", "", Takes::nothing, kServer, "", "core metadata is always served"},
    DevpiOption{"profile-requests", "N", Takes::number, kServer, "", "/+metrics has the figures"},

    DevpiOption{"mirror-cache-expiry", "SECONDS", Takes::number, kServer, "After how long a mirrored project is asked for again.", ""},
    DevpiOption{"primary-url", "URL", Takes::text, kServer | kInit, "Refused: this server cannot be a replica.", ""},
    DevpiOption{"master-url", "URL", Takes::text, kServer | kInit, "Refused likewise.", ""},
    DevpiOption{"replica-file-search-path", "DIR", Takes::text, kServer, "", kNoReplicas},
    DevpiOption{"hard-links", "", Takes::nothing, kServer, "", kNoReplicas},
    DevpiOption{"hard-links", "", Takes::nothing, kExport | kImport, "Share files instead of copying them, where the file system can.", ""},
    DevpiOption{"file-replication-threads", "N", Takes::number, kServer, "", kNoReplicas},
    DevpiOption{"file-replication-skip-indexes", "INDEXES", Takes::text, kServer, "", kNoReplicas},
    DevpiOption{"proxy-timeout", "SECONDS", Takes::number, kServer, "", kNoReplicas},
    DevpiOption{"no-replica-streaming", "", Takes::nothing, kServer, "", kNoReplicas},

    DevpiOption{"request-timeout", "SECONDS", Takes::number, kServer, "How long an upstream may take to connect and to begin its answer.",
                ""},
    DevpiOption{"offline-mode", "", Takes::nothing, kServer, "Never ask an upstream.", ""},

    DevpiOption{"serverdir", "DIR", Takes::text, kStored, "The data directory; ~/.devpi/server unless told.", ""},
    DevpiOption{"storage", "NAME", Takes::text, kStored, "", "there is one kind of storage"},
    DevpiOption{"keyfs-cache-size", "N", Takes::number, kStored, "", "there is no such cache"},
    DevpiOption{"secretfile", "FILE", Takes::text, kServer | kSecret, "File with the secret from which login tokens are made.", ""},
    DevpiOption{"requests-only", "", Takes::nothing, kServer, "", "one process does everything"},
    DevpiOption{"restrict-modify", "NAMES", Takes::text, kServer,
                "Users and :groups, joined by commas, that alone may change users and indexes.", ""},
    DevpiOption{"autocreate-users", "", Takes::nothing, kServer, "", "there is no plugin that knows users"},
    DevpiOption{"argon2-memory-cost", "KIB", Takes::number, kServer, "", kArgon2},
    DevpiOption{"argon2-parallelism", "N", Takes::number, kServer, "", kArgon2},
    DevpiOption{"argon2-time-cost", "N", Takes::number, kServer, "", kArgon2},

    DevpiOption{"theme", "DIR", Takes::text, kServer, "", kOwnPages},
    DevpiOption{"debug-macros", "", Takes::nothing, kServer, "", kOwnPages},
    DevpiOption{"documentation-path", "DIR", Takes::text, kServer, "", "documentation is served from the file that was uploaded"},
    DevpiOption{"keep-docs-packed", "", Takes::nothing, kServer, "", "documentation is served from the file that was uploaded"},
    DevpiOption{"indexer-backend", "NAME", Takes::text, kServer, "", "the search index is the server's own"},

    DevpiOption{"no-root-pypi", "", Takes::nothing, kInit | kImport, "Do not make the mirror root/pypi.", ""},
    DevpiOption{"root-passwd", "PASSWORD", Takes::text, kInit | kImport, "Password of the user root; empty unless told.", ""},
    DevpiOption{"root-passwd-hash", "HASH", Takes::text, kInit | kImport, "The same as an Argon2 hash.", ""},
    DevpiOption{"skip-import-type", "TYPE", Takes::several, kImport, "Leave out indexes of this type; may be given several times.", ""},
    DevpiOption{"no-events", "", Takes::nothing, kImport, "", "there is nothing to be done later"},
    DevpiOption{"include-mirrored-files", "", Takes::nothing, kExport, "Write the files of mirrors too.", ""},
    DevpiOption{"checksum", "", Takes::nothing, kFsck, "Check the digests, which is done in any case.", ""},
    DevpiOption{"no-checksum", "", Takes::nothing, kFsck, "", "the digests are always checked"},
};

const Program& entry(DevpiProgram program) {
  return *std::find_if(kPrograms.begin(), kPrograms.end(), [program](const Program& known) { return known.program == program; });
}

}  // namespace

std::optional<DevpiProgram> devpi_program(std::string_view argv0) {
  const auto name = argv0.substr(argv0.rfind('/') + 1);
  const auto found = std::find_if(kPrograms.begin(), kPrograms.end(), [name](const Program& known) { return known.name == name; });
  if (found == kPrograms.end()) return std::nullopt;
  return found->program;
}

std::string_view name_of(DevpiProgram program) { return entry(program).name; }
std::string_view summary_of(DevpiProgram program) { return entry(program).summary; }
std::string_view operand_of(DevpiProgram program) { return entry(program).operand; }

std::span<const DevpiOption> devpi_options() { return kOptions; }
bool belongs(const DevpiOption& option, DevpiProgram program) { return (option.programs & bit(program)) != 0; }

}  // namespace bodega::app
