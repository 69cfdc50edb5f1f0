/** A TCP relay that does nothing: relay.ts LISTEN_PORT TARGET_HOST TARGET_PORT */
import { connect, createServer } from 'node:net';

const [listenPort, host, port] = process.argv.slice(2);
createServer({ noDelay: true }, (client) => {
  const server = connect({ host, port: Number(port), noDelay: true });
  client.pipe(server).pipe(client);
  for (const socket of [client, server]) {
    socket.on('error', () => {
      client.destroy();
      server.destroy();
    });
  }
}).listen(Number(listenPort), '127.0.0.1');
