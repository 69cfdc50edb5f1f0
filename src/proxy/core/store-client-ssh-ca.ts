/** Keys of the store's SSH certificate authority, for administrators. */
import * as c from '../../contract/store/index.ts';
import type { StoreHttp } from './store-client-http.ts';

export interface SshCaApi {
  /** Removed ones too. */
  caKeys(): Promise<readonly c.CaKey[]>;
  /** A further key, which hosts are to trust and which does not sign yet. */
  makeCaKey(): Promise<c.CaKey>;
  /** Lets this key sign from now on. */
  useCaKey(id: string): Promise<void>;
  removeCaKey(id: string): Promise<void>;
}

export function sshCaApi(http: StoreHttp): SshCaApi {
  const at = '/v1/ssh-ca/keys';
  return {
    caKeys: async () => (await http.call({ method: 'GET', path: at, auth: 'user', reply: c.caKeyList })).keys,
    makeCaKey: () => http.call({ method: 'POST', path: at, auth: 'user', reply: c.caKey }),
    useCaKey: async (id) => {
      await http.call({ method: 'POST', path: `${at}/${id}/use`, auth: 'user', reply: c.emptyReply });
    },
    removeCaKey: async (id) => {
      await http.call({ method: 'DELETE', path: `${at}/${id}`, auth: 'user', reply: c.emptyReply });
    },
  };
}
