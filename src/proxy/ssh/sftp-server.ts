/** The server's side of an SFTP relay: requests of the client under numbers of our own, and requests that we make ourselves. */
import { MalformedError } from '../../base/errors.ts';
import { decodeReply, encodePacket, setId, type SftpReply } from '../../wire/sftp/reply.ts';

/** Requests that wait for an answer; OpenSSH's clients keep 64 under way. */
const MAX_OUTSTANDING = 4_096;

export interface Answer {
  readonly reply: SftpReply;
  /** With its length; its id is ours. */
  readonly packet: Buffer;
}

export class SftpServerSide {
  readonly #send: (packet: Buffer) => Promise<void> | undefined;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor(send: (packet: Buffer) => Promise<void> | undefined) {
    this.#send = send;
  }

  /**
   * Sends a request's packet under the next number. @param answered called with the answer, in the order of arrival
   * @returns undefined when it is out, or when the next may come
   */
  forward(packet: Buffer, answered: (answer: Answer) => void): Promise<void> | undefined {
    if (this.#waiting.size >= MAX_OUTSTANDING) throw new MalformedError('malformed.length', `more than ${MAX_OUTSTANDING} SFTP requests without an answer`);
    do this.#last = (this.#last + 1) >>> 0;
    while (this.#waiting.has(this.#last));
    this.#waiting.set(this.#last, answered);
    return this.#send(setId(packet, this.#last));
  }

  /** A request of our own. Resolves with the answer. */
  ask(type: number, ...members: readonly (number | string | Uint8Array)[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.forward(encodePacket(type, 0, ...members), resolve)?.catch(reject);
    });
  }

  /** A packet of the server. @throws MalformedError for an answer to nothing */
  received(packet: Buffer): void {
    const reply = decodeReply(packet);
    const answered = this.#waiting.get(reply.id);
    if (answered === undefined) throw new MalformedError('malformed.phase', 'the server answers an SFTP request that was not made');
    this.#waiting.delete(reply.id);
    answered({ reply, packet });
  }
}
