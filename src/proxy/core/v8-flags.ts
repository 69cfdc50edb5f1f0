/**
 * V8 of Node 20 dies ("unreachable code" in Deoptimizer::DoComputeBuiltinContinuation) when it leaves optimised code in
 * the middle of a call that it had inlined from JavaScript into WebAssembly; the parser and the policy engine are such
 * calls. Without that inlining a call costs some tens of nanoseconds more, and no session is lost.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--no-turbo-inline-js-wasm-calls');
