import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  /** Of the envelope, which decides where it goes. */
  recipients: string[];
  headers: string;
  text: string;
  /** The token of its link. */
  token: string | undefined;
}

/** A mail server on loopback that keeps what it gets. */
export async function startMailServer() {
  const received: ReceivedMail[] = [];
  const events = new EventEmitter().setMaxListeners(0);
  let refusals = 0;
  const take = (raw: string, recipients: string[]): Error | null => {
    if (refusals === 0) {
      received.push(parse(raw, recipients));
      return null;
    }
    refusals -= 1;
    return Object.assign(new Error('Busy, come back later'), { responseCode: 451 });
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (stream, { envelope }, callback) => {
      const recipients = envelope.rcptTo.map(({ address }) => address);
      void text(stream).then((raw) => {
        callback(take(raw, recipients));
        events.emit('mail');
      });
    },
  });
  server.on('error', () => undefined); // of a client that went away
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    /** Refuses the next `count` mails for now. */
    refuse: (count: number) => void (refusals = count),
    /** Waits for the mail to an address, with this in its subject, and takes it away. */
    take: async (address: string, subject: string): Promise<ReceivedMail> => {
      const isWanted = ({ recipients, headers }: ReceivedMail) =>
        recipients.includes(address) && /^Subject: (.*)$/m.exec(headers)![1]!.includes(subject);
      for (;;) {
        const index = received.findIndex(isWanted);
        if (index >= 0) return received.splice(index, 1)[0]!;
        await once(events, 'mail');
      }
    },
    close: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

export type MailServer = Awaited<ReturnType<typeof startMailServer>>;

function parse(raw: string, recipients: string[]): ReceivedMail {
  const [headers = '', ...rest] = raw.replaceAll('\r\n', '\n').split('\n\n');
  const body = rest.join('\n\n');
  const isQuoted = /^Content-Transfer-Encoding: quoted-printable$/im.test(headers);
  const decoded = isQuoted ? unquote(body) : body;
  return { recipients, headers, text: decoded, token: /#token=(\S+)/.exec(decoded)?.[1] };
}

/** RFC 2045, 6.7. */
function unquote(body: string): string {
  const bytes = body
    .replaceAll('=\n', '')
    .replaceAll(/=([\dA-F]{2})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
