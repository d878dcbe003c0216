import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** What every HTTP/2 connection, and so every gRPC one, begins with. */
const HTTP2_PREFACE = Buffer.from('PRI ');

export interface OpenPort {
  port: number;
  /** Takes no more connections. */
  close(): void;
  /** Ends the connections that are left, among them those that never said a word and belong to neither protocol. */
  disconnect(): void;
}

/** One port for two protocols: looks at the first bytes of a connection and passes it on. */
export async function openPort(
  host: string,
  port: number,
  onHttp2: (socket: Socket) => void,
  onHttp1: (socket: Socket) => void,
): Promise<OpenPort> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (chunk) => {
      socket.pause();
      socket.unshift(chunk);
      const isHttp2 = HTTP2_PREFACE.subarray(0, chunk.length).equals(chunk.subarray(0, HTTP2_PREFACE.length));
      if (isHttp2) onHttp2(socket);
      else onHttp1(socket);
      socket.resume();
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => server.close(),
    disconnect: () => sockets.forEach((socket) => socket.destroy()),
  };
}
