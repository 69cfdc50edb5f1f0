/** MD5 password authentication (documentation section 54.2.1, AuthenticationMD5Password): weak, and only for targets that ask for it. */
import { md5 } from '@noble/hashes/legacy.js';
import { concatBytes, toHex, utf8 } from '../../base/encoding.ts';

/** `md5` and the hex of md5(hex(md5(password, user)), salt): the content of the PasswordMessage. */
export function md5Password(user: string, password: string, salt: Uint8Array): string {
  const inner = toHex(md5(utf8(password + user)));
  return `md5${toHex(md5(concatBytes([utf8(inner), salt])))}`;
}
