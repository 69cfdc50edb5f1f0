/** The transparency log over HTTP, in the layout of C2SP tlog-tiles under the prefix `/log`. */
import { z } from 'zod';

/** GET /log/tile/entries/*: what follows `/log/tile/entries/`. */
export const bundleParams = z.strictObject({ '*': z.string().regex(/^(x[0-9]{3}\/)*[0-9]{3}(\.p\/[0-9]{1,3})?$/, 'not an entry bundle').max(100) });
/** GET /log/tile/*: what follows `/log/tile/`. */
export const tileParams = z.strictObject({ '*': z.string().regex(/^[0-9]{1,2}\/(x[0-9]{3}\/)*[0-9]{3}(\.p\/[0-9]{1,3})?$/, 'not a tile').max(100) });
