/**
 * Carries recordings from the spool to the store: while sessions run, after a crash, after an outage, each byte once.
 * Nothing leaves the spool before the store's signed receipt for it lies beside it (promise 6).
 */
import { appendFile, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isSessionId, type SessionId } from '../../base/ids.ts';
import { messageOf } from '../../base/errors.ts';
import { nextChunk } from '../../evidence/chunks.ts';
import { recoverSession } from '../../evidence/recover.ts';
import { verifyReceipt } from '../../evidence/receipt.ts';
import type { PublicKeyRef, Signer } from '../../evidence/types.ts';
import type { ControlPlane } from './ports.ts';
import type { ProxyEvents } from './events.ts';
