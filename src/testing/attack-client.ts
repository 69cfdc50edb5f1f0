/** A session for attacks on the gateway: asks, withdraws what is held, and says in one line per answer what came back. */
import { encodeQuery, noticeField, type BackendMessage } from '../wire/postgres/index.ts';
import { sendCancel, WireClient, type WireClientOptions } from './pg-wire-client.ts';

export class AttackClient {
  readonly #client: WireClient;
  readonly #port: number;

  private constructor(client: WireClient, port: number) {
    this.#client = client;
    this.#port = port;
  }

  static async open(login: WireClientOptions): Promise<AttackClient> {
    return new AttackClient(await WireClient.connect(login), login.port);
  }

  /** Sends messages; what they answer is read by `answer`. */
  send(...messages: readonly Buffer[]): void {
    this.#client.send(...messages);
  }

  close(): void {
    this.#client.close();
  }

  async ask(sql: string): Promise<string> {
    this.send(encodeQuery(sql));
    return this.answer();
  }

  /** Everything up to ReadyForQuery, in words: rows, tags, SQLSTATEs. A held statement is withdrawn: nobody approves here. */
  async answer(): Promise<string> {
    const words: string[] = [];
    for (;;) {
      const message = await this.#client.next();
      if (message.type === 'ReadyForQuery') return words.join(' ');
      words.push(...(await this.#word(message)));
    }
  }

  async #word(message: BackendMessage): Promise<string[]> {
    switch (message.type) {
      case 'DataRow':
        return [`[${message.cells.map((c) => c?.toString('latin1') ?? 'NULL').join('|')}]`];
      case 'CopyData':
        return [message.data.toString('latin1')];
      case 'CommandComplete':
        return [message.tag];
      case 'ErrorResponse':
        return [noticeField(message.fields, 'code') ?? ''];
      case 'NoticeResponse': {
        const text = noticeField(message.fields, 'message') ?? '';
        if (!text.startsWith('held for approval')) return [text];
        if (this.#client.keyData) await sendCancel('127.0.0.1', this.#port, this.#client.keyData);
        return ['held'];
      }
      default:
        return [];
    }
  }
}
