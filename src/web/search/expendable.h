// Work that may end in std::terminate(). Xapian 1.4 writes the lists of values in a destructor, and an error of the disk that comes out of
// one ends the process: for an index that can be made again, the wrong end.
#pragma once

#include <functional>

namespace bodega::web {

enum class Outcome { finished, given_up };

// Runs `work` on a thread of its own and waits for it. Where it would end the process (an exception that leaves `work` counts too), the
// thread stops for good in that place instead, and with it all that `work` uses: after given_up nothing of that may be touched or destroyed
// until the process ends. Any thread; not from within `work`.
Outcome run_expendable(const std::function<void()>& work);

}  // namespace bodega::web
