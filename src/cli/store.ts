/** `sallyport store`: the central store in the foreground. */
import { Command } from 'commander';
import { messageOf } from '../base/errors.ts';
import { loadStoreConfig } from '../store/config.ts';
import { type RunningStore, startStore } from '../store/server.ts';

const example = `
Example configuration:
  data_dir: ./store-data
  listen: { host: 127.0.0.1, port: 8443 }
  origin: store.example.com
  issuers:
    - { issuer: "https://login.example.com", client_id: sallyport }
  roles: { admin: [platform], auditor: [audit] }
  targets:
    - name: shop
      protocol: postgres
      host: db.internal
      port: 5432
      database: shop
      labels: { env: prod }
      credentials: { user: app, password_file: ./shop.secret }

Prints one JSON line when it is ready: {"event":"ready","url":"http://127.0.0.1:8443",...}
SIGTERM and SIGINT end it cleanly.`;

export function storeCommand(): Command {
  return new Command('store')
    .description('run the central store: sign-in, targets, approvals, recordings')
    .requiredOption('--config <file>', 'configuration (YAML)')
    .option('--accept-new-keys', 'take key files that have been replaced since the last start')
    .addHelpText('after', example)
    .action(async (options: { config: string; acceptNewKeys?: true }) => {
      const store = await startStore(loadStoreConfig(options.config), { acceptNewKeys: options.acceptNewKeys ?? false });
      const ready = { event: 'ready', url: store.url, port: store.port, ...(store.devIdp === undefined ? {} : { dev_idp: { issuer: store.devIdp.issuer, client_id: store.devIdp.clientId } }) };
      process.stdout.write(`${JSON.stringify(ready)}\n`);
      await untilSignal(store);
    });
}

/** Resolves when a signal has come and the store has stopped; a second signal does not wait. */
function untilSignal(store: RunningStore): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) {
        process.exit(1);
      }
      stopping = true;
      store.stop().then(resolve, (error: unknown) => reject(new Error(`the store did not stop cleanly: ${messageOf(error)}`, { cause: error })));
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
