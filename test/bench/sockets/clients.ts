/** The clients of `open.ts`, in a separate process so that their memory does not count as the server's. */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { WebSocket } from 'ws';

/** Tasks from the server's process. */
export type ClientTask =
  { readonly do: 'begin'; readonly port: number; readonly count: number } | { readonly do: 'open' | 'close' };

/** How many connect at the same time, like clients that reconnect after a server restart. */
const AT_ONCE = 500;

let port = 0;
let cookies: string[] = [];
let sockets: WebSocket[] = [];

async function inParallel<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      made.push(await make());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return made;
}

/** The cookie of a new session; empty if the application has none. */
function begin(agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/begin', agent }, (response) => {
      const [set = ''] = response.headers['set-cookie'] ?? [];
      response.resume().once('end', () => resolve(set.split(';')[0] ?? ''));
    })
      .once('error', reject)
      .end();
  });
}

async function open(cookie: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { cookie } });
  // The answer comes after the session has been loaded.
  const answered = once(socket, 'message');
  await once(socket, 'open');
  socket.send('{"event":"read","data":null}');
  await answered;
  return socket;
}

const tasks = {
  begin: async (task: ClientTask) => {
    if (task.do !== 'begin') return;
    port = task.port;
    const agent = new Agent({ keepAlive: true, maxSockets: 50 });
    cookies = await inParallel(task.count, () => begin(agent));
    agent.destroy();
  },
  open: async () => {
    const left = [...cookies];
    sockets = await inParallel(cookies.length, () => open(left.pop() ?? ''));
  },
  close: async () => {
    await Promise.all(sockets.map((socket) => (socket.terminate(), once(socket, 'close'))));
    sockets = [];
  },
};

process.on('message', (task: ClientTask) => {
  void tasks[task.do](task).then(() => process.send?.('done'));
});
