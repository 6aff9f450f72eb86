// `bodega user|index|passwd|token|status`: each asks for one thing over the HTTP interface (administration.h) and shows the answer, as a
// table or with --json as the interface's own JSON.
#pragma once

#include "app/command_line.h"

namespace bodega::app {

Exit run_user_list(const Command& command);
Exit run_user_show(const Command& command);
Exit run_user_create(const Command& command);
Exit run_user_delete(const Command& command);
Exit run_passwd(const Command& command);

Exit run_index_list(const Command& command);
Exit run_index_show(const Command& command);
Exit run_index_create(const Command& command);
Exit run_index_modify(const Command& command);
Exit run_index_delete(const Command& command);

Exit run_token_list(const Command& command);
Exit run_token_create(const Command& command);
Exit run_token_revoke(const Command& command);
Exit run_token_rotate_secret(const Command& command);

Exit run_status(const Command& command);

}  // namespace bodega::app
