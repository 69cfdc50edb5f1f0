/**
 * The app's terminal without its window, in a process that a test may kill: the gateway's composition with the app's
 * own sessions on top. `terminal-host.mjs CONFIG CONNECTION LINE` types the line and prints what the shell shows.
 */
import { loadGatewayConfig } from '../cli/gateway-config.ts';
import { startGateway } from '../cli/gateway.ts';
import { Terminals } from '../main/terminal/terminals.ts';
import { loadDevice } from '../proxy/core/device.ts';

const [file = '', connection = '', line = ''] = process.argv.slice(2);
const config = loadGatewayConfig(file);
const { runtime, identity, client } = await startGateway(config, { say: () => undefined });
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
const terminals = new Terminals({
  work: { runtime, identity, client, device: loadDevice(config.data_dir), signal: new AbortController().signal },
  emit: (event) => say(event.type === 'output' ? { ...event, data: Buffer.from(event.data).toString('utf8') } : event),
  lost: () => undefined,
});
const tab = await terminals.open(connection);
const paneId = terminals.newPane(tab.tabId);
await terminals.startShell(paneId, { cols: 80, rows: 24, width: 0, height: 0 });
await terminals.pane(paneId).input(Buffer.from(`${line}\r`));
say({ type: 'opened', sessionId: tab.sessionId, shell: tab.shell });
