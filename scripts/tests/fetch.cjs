// Tests ask by the `fetch` of the undici that the product has. Node 20's own compiles its parser in the background while the first connection
// of a process waits: where the peer closes that meanwhile, the request never ends.
require('undici').install();
