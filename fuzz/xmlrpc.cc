// An XML-RPC call of anybody.
#include "web/search/xmlrpc.h"

#include "fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bodega::web;
  const auto call = parse_xmlrpc(fuzz_text(data, size));
  if (call) FUZZ_EXPECT(xmlrpc_fault(call->method).find('\x01') == std::string::npos);
  return 0;
}
