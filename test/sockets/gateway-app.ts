import type { Type } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { HandlerApp, type HandlerAppSetup } from '../support/handler-app.js';
import { PLATFORMS, type Platform } from '../support/test-app.js';

/** The WebSocket libraries. */
export const LIBRARIES = ['socket.io', 'ws'] as const;

export type Library = (typeof LIBRARIES)[number];

/** Each library on each platform. */
export const SOCKET_LIBRARIES = PLATFORMS.flatMap((platform) =>
  LIBRARIES.map((library): [Platform, Library] => [platform, library]),
);

/** Nest 11 emits exceptions on the server's own side of a ws client, where nothing listens; Nest 12 sends them. */
class HeardWsAdapter extends WsAdapter {
  override bindClientConnect(
    server: Parameters<WsAdapter['bindClientConnect']>[0],
    connected: (client: unknown, ...rest: unknown[]) => void,
  ): void {
    super.bindClientConnect(server, (client: WebSocket, ...rest: unknown[]) => {
      client.on('exception', (data: unknown) => client.send(JSON.stringify({ event: 'exception', data })));
      connected(client, ...rest);
    });
  }
}

/** An application with gateways. */
export async function startGateways(
  platform: Platform,
  library: Library,
  gateways: Type[],
  setup: HandlerAppSetup = {},
): Promise<HandlerApp> {
  return HandlerApp.start(platform, {
    ...setup,
    providers: [...gateways, ...(setup.providers ?? [])],
    configure: async (app) => {
      app.useWebSocketAdapter(library === 'ws' ? new HeardWsAdapter(app) : new IoAdapter(app));
      await setup.configure?.(app);
    },
  });
}

/** A handler's answer, valid in both libraries: a WsResponse. */
export const answer = (data: unknown): { event: string; data: unknown } => ({ event: 'answer', data });

/** A client of either library. */
export class SocketClient implements AsyncDisposable {
  /** Received messages that answer no `ask`, in order. */
  readonly heard: (readonly [event: string, data: unknown])[] = [];
  /** Resolves when the connection has closed, from either side. */
  readonly closed: Promise<void>;
  isClosed = false;
  #waiting: { answer: (data: unknown) => void; fail: (error: Error) => void }[] = [];

  /**
   * @param send sends a message without waiting for an answer
   * @param close closes the connection
   */
  private constructor(
    readonly send: (event: string, data?: unknown) => void,
    readonly close: () => void,
    onMessage: (listener: (event: string, data: unknown) => void) => void,
    onClose: (listener: () => void) => void,
  ) {
    onMessage((event, data) => {
      const asked = event === 'answer' || event === 'exception' ? this.#waiting.shift() : undefined;
      if (asked === undefined) this.heard.push([event, data]);
      else asked.answer(event === 'answer' ? data : { exception: data });
    });
    this.closed = new Promise((resolve) => {
      onClose(() => {
        this.isClosed = true;
        for (const { fail } of this.#waiting) fail(new Error('The connection has closed.'));
        resolve();
      });
    });
  }

  static async overSocketIo(url: string, extraHeaders: Record<string, string>): Promise<SocketClient> {
    const socket = io(url, { extraHeaders, forceNew: true, reconnection: false, transports: ['websocket'] });
    const client = new SocketClient(
      (event, data = null) => void socket.emit(event, data),
      () => void socket.disconnect(),
      (listener) => void socket.onAny(listener),
      (listener) => void socket.once('disconnect', listener),
    );
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return client;
  }

  /** Nest's message format for ws: `{ event, data }` both ways. */
  static async overWs(url: string, headers: Record<string, string>): Promise<SocketClient> {
    const socket = new WebSocket(url, { headers });
    const client = new SocketClient(
      (event, data = null) => socket.send(JSON.stringify({ event, data })),
      () => socket.close(),
      (listener) =>
        void socket.on('message', (text: Buffer) => {
          const message: { event: string; data: unknown } = JSON.parse(text.toString());
          listener(message.event, message.data);
        }),
      (listener) => void socket.once('close', listener),
    );
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /**
   * Sends a message and returns its answer, or `{ exception }` for an error. Rejects if the connection closes first.
   */
  ask(event: string, data?: unknown): Promise<unknown> {
    return new Promise((resolve, fail) => {
      if (this.isClosed) fail(new Error('The connection has closed.'));
      this.#waiting.push({ answer: resolve, fail });
      this.send(event, data);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isClosed) return;
    this.close();
    await this.closed;
  }
}

/** Resolves once connected. */
export function connect(
  library: Library,
  url: string,
  headers: Record<string, string> = {},
  path = '/',
): Promise<SocketClient> {
  return library === 'ws'
    ? SocketClient.overWs(url.replace(/^http/, 'ws') + path, headers)
    : SocketClient.overSocketIo(url + path, headers);
}
