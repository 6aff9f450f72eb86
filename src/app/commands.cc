#include "app/commands.h"

#include <algorithm>
#include <array>

#include "app/admin/commands.h"
#include "app/backup_command.h"
#include "app/export_command.h"
#include "app/fsck_command.h"
#include "app/import_command.h"
#include "app/serve.h"
#include "base/text.h"

namespace bodega::app {
namespace {

constexpr std::array<std::string_view, 4> kDataOptions{"config", "data", "log-format", "log-level"};

constexpr std::array kFsckFlags{
    Flag{"repair", "", "Mend what can be mended; damaged files that are ours are reported and kept aside, never deleted."},
    Flag{"rebuild", "",
         "Make a catalog that is lost or damaged anew, from what lies beside the files and from accounts.json. A damaged catalog.db is "
         "renamed, "
         "not deleted; one that can be read is left alone."}};

constexpr std::array kToDevpiFlags{
    Flag{"include-mirrored-files", "",
         "Also the files of mirrors that are in the cache. Without them a mirror fetches them again on demand."},
    Flag{"hard-links", "",
         "Share the files with the data directory instead of copying them, where the file system can. Then nothing may "
         "write into the dump."}};

constexpr std::array kOptionsFlags{Flag{"markdown", "", "As docs/options.md."},
                                   Flag{"toml", "", "As a configuration file with every line commented out."}};

constexpr Flag kDryRun{"dry-run", "", "Read and check everything, write nothing."};
constexpr Flag kBytes{"bytes", "HOW", "How files come over: reflink (shared until one side changes; else copied), hardlink or copy."};
constexpr Flag kJson{"json", "", "The report as JSON."};
constexpr Flag kSkipType{"skip-import-type", "TYPES", "Leave out indexes of these types, separated by commas."};

constexpr std::array kServerDirFlags{
    kDryRun, kBytes,
    Flag{"secretfile", "FILE", "What devpi signs its logins with; else .secret in DIR. Logins of clients stay valid then."}, kSkipType,
    kJson};

constexpr std::array kExportFlags{
    kDryRun, kBytes, Flag{"secretfile", "FILE", "What devpi signs its logins with. Logins of clients stay valid then."}, kSkipType, kJson};
constexpr std::array kFilesFlags{Flag{"index", "USER/NAME", "Where the files go: a stage index that exists."}, kDryRun, kBytes, kJson};

constexpr Flag kAsJson{"json", "", "As JSON, for scripts."};
constexpr Flag kPasswordFile{"password-file", "FILE", "Read the password from a file of one line; - is standard input."};
constexpr Flag kYes{"yes", "", "Do not ask first."};
constexpr std::array kJsonFlags{kAsJson};
constexpr std::array kDeleteFlags{kYes};
constexpr std::array kUserCreateFlags{Flag{"email", "ADDRESS", "Where the user gets mail."}, kPasswordFile};
constexpr std::array kPasswordFlags{kPasswordFile};
constexpr std::array kTokenListFlags{Flag{"user", "USER", "Only those of one user."}, kAsJson};
constexpr std::array kTokenCreateFlags{
    Flag{"user", "USER", "Whose token it is; it never has more rights than its user."},
    Flag{"scope", "read|upload", "read reads, upload also uploads. Neither deletes or manages anything."},
    Flag{"index", "USER/INDEX", "Only for this index, and reading through its bases."},
    Flag{"expires", "TIME", "When it ends by itself, counted from now: 90d, 12h."},
    Flag{"comment", "TEXT", "What it is for, shown in lists."},
    kAsJson};

constexpr std::array kFamilies{
    Family{"user", "Users: these commands talk to the running server, or work on the data directory when none runs."},
    Family{"index", "Indexes, likewise."}, Family{"token", "Tokens: what programs use instead of passwords (docs/tokens.md)."},
    Family{"import", "Take over the data of another server."}, Family{"export", "Take the data elsewhere."}};

const std::array kCommands{
    Spec{"serve",
         &serve,
         "",
         "Run the server.",
         Accepts::all_options,
         {},
         "  bodega serve\n"
         "  bodega serve --listen 0.0.0.0:3141 --data /srv/bodega --cache-max-size 200GB\n"
         "  bodega serve --upstream https://mirror.example.org/simple/ --offline\n"},
    Spec{"status", &run_status, "", "How the server of a data directory is, and what it holds.", Accepts::data_options, kJsonFlags,
         "  bodega status --data /srv/bodega\n"},
    Spec{"user list", &run_user_list, "", "List all users.", Accepts::data_options, kJsonFlags, ""},
    Spec{"user show", &run_user_show, "NAME", "Show one user.", Accepts::data_options, kJsonFlags, "", 1, 1},
    Spec{"user create", &run_user_create, "NAME",
         "Create a user. The password is asked for on a terminal, else read from standard input; never from the command line, which every "
         "user of a machine can see.",
         Accepts::data_options, kUserCreateFlags,
         "  bodega user create alice --email alice@example.org\n"
         "  pass show bodega/alice | bodega user create alice --data /srv/bodega\n",
         1, 1},
    Spec{"user delete", &run_user_delete, "NAME",
         "Delete a user with the own indexes and tokens. An index that is not volatile forbids it.", Accepts::data_options, kDeleteFlags,
         "", 1, 1},
    Spec{"passwd", &run_passwd, "USER", "Change the password of a user. It is read as \"bodega user create\" reads it.",
         Accepts::data_options, kPasswordFlags, "  bodega passwd root --data /srv/bodega\n", 1, 1},
    Spec{"index list", &run_index_list, "[USER]", "List all indexes, or those of one user.", Accepts::data_options, kJsonFlags, "", 0, 1},
    Spec{"index show", &run_index_show, "USER/INDEX", "Show the options of an index.", Accepts::data_options, kJsonFlags, "", 1, 1},
    Spec{"index create", &run_index_create, "USER/INDEX [KEY=VALUE...]",
         "Create an index. Keys are devpi's: type, bases, volatile, acl_upload, acl_pkg_read, mirror_url and so on; lists are separated by "
         "commas.",
         Accepts::data_options, kJsonFlags,
         "  bodega index create alice/dev bases=root/pypi\n"
         "  bodega index create team/prod volatile=False acl_upload=ci,alice\n"
         "  bodega index create root/mirror type=mirror mirror_url=https://b.org/simple/\n",
         1, 64},
    Spec{"index modify", &run_index_modify, "USER/INDEX KEY=VALUE...",
         "Change options of an index. KEY+=VALUE adds to a list, KEY-=VALUE takes out of it, KEY-= goes back to the default.",
         Accepts::data_options, kJsonFlags, "  bodega index modify alice/dev volatile=False acl_upload+=bob\n", 2, 64},
    Spec{"index delete", &run_index_delete, "USER/INDEX", "Delete an index with everything in it. One that is not volatile is kept.",
         Accepts::data_options, kDeleteFlags, "", 1, 1},
    Spec{"token create", &run_token_create, "", "Make a token and print it, once. It is the password, under any user name.",
         Accepts::data_options, kTokenCreateFlags,
         "  bodega token create --user ci --scope upload --index a/dev --expires 90d\n"
         "  TOKEN=$(bodega token create --user ci --scope read 2>/dev/null)\n"},
    Spec{"token list", &run_token_list, "", "List tokens, without their secrets.", Accepts::data_options, kTokenListFlags, ""},
    Spec{"token revoke",
         &run_token_revoke,
         "ID",
         "End a token: it is refused from the next request on.",
         Accepts::data_options,
         {},
         "",
         1,
         1},
    Spec{"token rotate-secret",
         &run_token_rotate_secret,
         "",
         "Sign logins with a new key: everybody who is logged in, devpi clients too, has to log in again. Tokens go on working.",
         Accepts::data_options,
         {},
         ""},
    Spec{"fsck", &run_fsck, "",
         "Check every stored file against its digest, and the catalog against the files. Exit code 1 when something is wrong.",
         Accepts::data_options, kFsckFlags,
         "  bodega fsck --data /srv/bodega\n"
         "  bodega fsck --data /srv/bodega --repair\n"},
    Spec{
        "import devpi-serverdir", &run_import_serverdir, "DIR",
        "Take over a server directory of devpi-server 4 to 6, which must not be running: users, indexes, releases, documentation, test "
        "results, and what its mirrors have cached. Into a new data directory; nothing in DIR is changed. Run again after an interruption: "
        "it goes on. Exit code 1 when something could not be taken.",
        Accepts::data_options, kServerDirFlags,
        "  bodega import devpi-serverdir ~/.devpi/server --data /srv/bodega\n"
        "  bodega import devpi-serverdir /srv/devpi --data /srv/bodega --dry-run\n",
        1, 1},
    Spec{
        "import devpi-export", &run_import_export, "DIR",
        "Take over what devpi-export has written (dumpversion 1 or 2), into a new data directory. Run again after an interruption: it goes "
        "on. Exit code 1 when something could not be taken.",
        Accepts::data_options, kExportFlags, "  bodega import devpi-export ./dump --data /srv/bodega\n", 1, 1},
    Spec{"import files", &run_import_files, "DIR",
         "Put the wheels and sdists below a directory into an index, as uploads would: each is checked, and its own metadata tells project "
         "and version. The server must not be running. Files that are there already stay as they are.",
         Accepts::data_options, kFilesFlags, "  bodega import files ./wheelhouse --index team/dev --data /srv/bodega\n", 1, 1},
    Spec{"export devpi", &run_export_devpi, "DIR",
         "Write everything of ours into DIR, in the form that devpi-import takes. DIR is made, or empty. No server may use the data "
         "directory meanwhile. Exit code 1 when damaged files had to be left out.",
         Accepts::data_options, kToDevpiFlags,
         "  bodega export devpi /backup/dump --data /srv/bodega\n"
         "  devpi-import --serverdir /srv/devpi /backup/dump\n",
         1, 1},
    Spec{
        "backup",
        &run_backup,
        "DIR",
        "Copy everything of ours into DIR, of one moment, while a server runs or not; DIR is then a data directory that a server can start "
        "on. Again into the same DIR it copies what is new. What is cached stays out. Exit code 1 when damaged files had to be left out.",
        Accepts::data_options,
        {},
        "  bodega backup /backup/bodega --data /srv/bodega\n",
        1,
        1},
    Spec{"check-config",
         nullptr,
         "",
         "Show every option with its value and where it comes from, or all that is wrong. Starts nothing.",
         Accepts::all_options,
         {},
         "  bodega check-config --config /etc/bodega/config.toml\n",
         0,
         0,
         Builtin::check_config},
    Spec{"options", nullptr, "", "Describe every option.", Accepts::no_options, kOptionsFlags,
         "  bodega options --toml > ~/.config/bodega/config.toml\n", 0, 0, Builtin::options},
    Spec{"help", nullptr, "[COMMAND]", "Explain a command.", Accepts::no_options, {}, "", 0, 2, Builtin::help},
    Spec{"version", nullptr, "", "Print the version.", Accepts::no_options, {}, "", 0, 0, Builtin::version},
};

}  // namespace

std::span<const Spec> commands() { return kCommands; }
std::span<const Family> families() { return kFamilies; }

const Spec* find_command(std::span<const std::string> words, std::size_t& used) {
  for (std::size_t count = std::min<std::size_t>(2, words.size()); count > 0; --count) {
    const auto name = count == 2 ? words[0] + " " + words[1] : words[0];
    const auto found = std::find_if(kCommands.begin(), kCommands.end(), [&name](const Spec& spec) { return spec.name == name; });
    if (found == kCommands.end()) continue;
    used = count;
    return &*found;
  }
  return nullptr;
}

const Family* find_family(std::string_view word) {
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(), [word](const Family& family) { return family.name == word; });
  return found == kFamilies.end() ? nullptr : &*found;
}

std::vector<const Spec*> members(const Family& family) {
  std::vector<const Spec*> out;
  for (const auto& spec : kCommands) {
    if (spec.name.starts_with(family.name) && spec.name.substr(family.name.size()).starts_with(" ")) out.push_back(&spec);
  }
  return out;
}

bool accepts(const Spec& spec, const Option& option) {
  if (spec.accepts == Accepts::no_options) return false;
  return spec.accepts == Accepts::all_options || std::find(kDataOptions.begin(), kDataOptions.end(), option.key) != kDataOptions.end();
}

const Flag* find_flag(const Spec& spec, std::string_view name) {
  const auto found = std::find_if(spec.flags.begin(), spec.flags.end(), [name](const Flag& flag) { return flag.name == name; });
  return found == spec.flags.end() ? nullptr : &*found;
}

}  // namespace bodega::app
