/** What both legs may agree on: no SHA-1, no CBC, no MAC over what is encrypted later. AES-GCM first: Node has it in hardware. */
import { getCiphers } from 'node:crypto';
import type { Algorithms, CipherAlgorithm, CompressionAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';

const kex: Algorithms['kex'] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group14-sha256',
];
/** Electron's OpenSSL stand-in has no ChaCha20, and the library refuses to be given what it cannot do. */
const chacha: CipherAlgorithm[] = getCiphers().includes('chacha20') ? ['chacha20-poly1305@openssh.com'] : [];
const cipher: Algorithms['cipher'] = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', ...chacha, 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'];
const hmac: Algorithms['hmac'] = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'];
/** Before the sign-on nothing is compressed. */
const COMPRESSED: CompressionAlgorithm = 'zlib@openssh.com';

/** For clients. */
export const listenerAlgorithms = (): Algorithms => ({ kex, cipher, hmac, compress: ['none', COMPRESSED] });

/** For targets. @param compress the client asked for compression on its leg */
export const targetAlgorithms = (serverHostKey: readonly ServerHostKeyAlgorithm[], compress: boolean): Algorithms => ({
  kex,
  cipher,
  hmac,
  serverHostKey: [...serverHostKey],
  compress: compress ? [COMPRESSED, 'none'] : ['none', COMPRESSED],
});
