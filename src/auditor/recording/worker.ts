/** Off the page's own thread: downloads, reads and verifies one recording. */
import '../no-eval.ts';
import './as-window.ts';
import { messageOf } from '../../base/errors.ts';
import { RequestError } from '../api/http.ts';
import { download } from './download.ts';
import { HeldRecording } from './held.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

let held: HeldRecording | undefined;
let finding = new AbortController();

async function load(session: string, say: (message: FromWorker) => void): Promise<void> {
  try {
    const { source, files } = await download(session, (loadedBytes, totalBytes) => say({ type: 'progress', loadedBytes, totalBytes }));
    held = await HeldRecording.read(source);
    say({ type: 'loaded', recording: { steps: held.list, tape: held.tape.info, open: held.open, files, unreadable: held.unreadable } });
  } catch (error) {
    say({ type: 'failed', code: error instanceof RequestError ? error.code : 'internal', message: messageOf(error) });
  }
}

async function answerTo(message: Exclude<ToWorker, { type: 'load' | 'stop_finding' }>, say: (message: FromWorker) => void): Promise<FromWorker> {
  const { id } = message;
  if (held === undefined) return { type: 'refused', id, message: 'the recording is not loaded' };
  try {
    switch (message.type) {
      case 'step':
        return { type: 'step', id, step: held.step(message.first) };
      case 'contents':
        return { type: 'contents', id, contents: await held.contents(message.numbers) };
      case 'find':
        return { type: 'found', id, firsts: held.find(message.text) };
      case 'block':
        return { type: 'block', id, block: await held.tape.block(message.channel, message.index) };
      case 'find_shown':
        finding.abort();
        finding = new AbortController();
        return { type: 'found_shown', id, found: await held.tape.findShown(message.text, finding.signal) };
      case 'verify':
        return { type: 'verified', id, report: await held.verify(message.trust, message.live, (records) => say({ type: 'verifying', id, records })) };
    }
  } catch (error) {
    return { type: 'refused', id, message: messageOf(error) };
  }
}

// The page sends one port with the first message; everything else goes through that.
addEventListener(
  'message',
  (first: MessageEvent) => {
    const [port] = first.ports;
    if (port === undefined) return;
    const say = (message: FromWorker): void => port.postMessage(message);
    port.onmessage = ({ data }: MessageEvent<ToWorker>) => {
      if (data.type === 'load') void load(data.session, say);
      else if (data.type === 'stop_finding') finding.abort();
      else void answerTo(data, say).then(say);
    };
  },
  { once: true },
);
