/** How V8 runs the proxy; imported before anything else is. */
import { setFlagsFromString } from 'node:v8';

/**
 * V8 of Node 20 dies ("unreachable code" in Deoptimizer::DoComputeBuiltinContinuation) when it leaves optimised code in
 * the middle of a call that it had inlined from JavaScript into WebAssembly; the parser and the policy engine are such
 * calls. Without that inlining a call costs some tens of nanoseconds more, and no session is lost.
 */
setFlagsFromString('--no-turbo-inline-js-wasm-calls');

/**
 * A relay makes buffers that die at once. V8 counts them against the small heap behind them and, by default, collects all
 * of it for every few megabytes that pass: half of the processor time. At three times what is alive, the cheap collection
 * of what is young comes first. docs/operations.md (SSH speed) has the figures.
 */
setFlagsFromString('--heap-growing-percent=200');
