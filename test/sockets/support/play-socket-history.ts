import {
  MessageBody,
  ConnectedSocket,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import { concat, concatMap, defer, finalize, from } from 'rxjs';
import { NoSessionError, Session, SessionReadonlyError } from 'nestjs-session-kit';
import { SocketSessions } from '../../../lib/sockets/socket-sessions.js';
import type { HandlerApp } from '../../support/handler-app.js';
import { pass } from '../../support/session-writes.js';
import { type Action, type Round, type SocketHistory, VISITORS } from './socket-history.js';
import type { HistoryClient, HistoryVisitor } from './history-visitors.js';
import {
  type Change,
  ExpectedFlash,
  type Values,
  flashKey,
  isFlashKey,
  ownKey,
  wrongIn,
} from './socket-model.js';

/**
 * A message that may be handled in several parts: the resolvers of a GraphQL operation.
 *
 * @param part which one, from 0
 * @param parts of how many
 * @param isAlone whether each part has loaded the session for itself
 */
type Play = (part: number, parts: number, isAlone?: boolean) => unknown;

/** What the next messages do, by the text that they bring. */
const plays = new Map<string, Play>();

/** Handles a part of a message. */
export const playPart = (key: string, ...args: Parameters<Play>): unknown => plays.get(key)?.(...args);
/** The clients whose disconnection the gateways have heard of. */
const gone = new WeakSet<object>();
let connected = 0;
/** Messages that were handled after their client had gone. */
const handledTooLate: string[] = [];

@WebSocketGateway()
export class HistoryGateway implements OnGatewayConnection, OnGatewayDisconnect {
  handleConnection(): void {
    connected += 1;
  }

  handleDisconnect(client: object): void {
    gone.add(client);
  }

  @SubscribeMessage('play')
  play(@MessageBody() { key }: { key: string }, @ConnectedSocket() client: object): unknown {
    if (gone.has(client)) handledTooLate.push(key);
    return playPart(key, 0, 1);
  }
}

/** A session from its beginning to its end, whatever its id. */
interface ModelSession {
  id: string;
  values: Values;
  readonly flash: ExpectedFlash;
  hasEnded: boolean;
}

interface ModelSocket {
  readonly client: HistoryClient;
  /** The session of its handshake; null: none. */
  readonly session: ModelSession | null;
  /** What its messages were started in, and the order in which they were sent. */
  readonly sent: string[];
  readonly started: string[];
  /** Whether it has left by itself. */
  hasLeft: boolean;
  /** Whether a message has found that its session has ended. */
  isOver: boolean;
}

interface ModelVisitor {
  readonly name: string;
  readonly visitor: HistoryVisitor;
  session: ModelSession | null;
  readonly sockets: ModelSocket[];
}

/** What one round has done with one session. */
interface Deeds {
  readonly session: ModelSession;
  /** Changes that are stored now, unless the session has ended. */
  readonly certain: Change[];
  /** Changes that may be stored, for all that the model knows. */
  readonly possible: Change[];
  /** All changes that this round will make. */
  readonly planned: readonly Change[];
  readonly seen: string[][];
  readonly hasMove: boolean;
  /** Whether somebody signs in: jobs follow the session, sockets do not. */
  readonly hasSignIn: boolean;
}

export interface SocketStage {
  /** Serves requests. */
  readonly http: HandlerApp;
  /** Serves sockets; may be the same. */
  readonly sockets: HandlerApp;
  /** Connects a client; resolves once it is connected. */
  connect(url: string, headers: Readonly<Record<string, string>>): Promise<HistoryClient>;
  /** A new visitor of the application that serves requests. */
  visitor(index: number): HistoryVisitor;
  /** Whether clients are heard of when they connect, and their messages start in the order in which they were sent. */
  readonly hasGateway: boolean;
  /** Called before a history. */
  begin(turns: readonly number[]): void;
  /** Whether everybody is signed in: where else nothing is kept. */
  readonly signsIn: boolean;
}

const PATIENCE_MS = 100_000;

let lastTag = 0;
/** Waits for something that has to happen; a history that hangs says what for. */
async function until(what: string, has: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!has()) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`);
    await pass(1);
  }
}

const newTag = (): string => `t${(lastTag += 1)}`;

function make(session: Session, { kind, tag }: Change): void {
  switch (kind) {
    case 'push':
      return void session.push('list', tag);
    case 'push inside':
      return void session.push('cart.lines', tag);
    case 'increment':
      return void session.increment('count');
    case 'put':
      return void session.put('last', tag);
    case 'put own':
      return void session.put(ownKey(tag), tag);
    case 'update':
      return void session.update('log', (log) => `${typeof log === 'string' ? log : ''}${tag};`);
    case 'mutate': {
      const box = session.get<{ last?: string }>('box');
      if (box !== undefined) box.last = tag;
      return;
    }
    case 'flash':
      return void session.flash(flashKey(tag), tag);
  }
}

/** What a part of a message or a request does of its changes. */
const partOf = (changes: readonly Change[], part: number, parts: number): readonly Change[] =>
  changes.filter((_, index) => index % parts === part);

const withoutFlash = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([key]) => !isFlashKey(key)));

const isEmpty = (values: Values): boolean => Object.keys(values).length === 0;

/** Plays one history and collects what no session could have done. */
export class SocketHistoryPlayer {
  readonly problems: unknown[] = [];
  readonly #stage: SocketStage;
  readonly #isShared: boolean;
  readonly #visitors: ModelVisitor[];
  /** Handlers that are running. */
  #running = 0;

  constructor(stage: SocketStage) {
    this.#stage = stage;
    this.#isShared = stage.http === stage.sockets;
    this.#visitors = Array.from({ length: VISITORS }, (_, index) => ({
      name: `visitor ${index} ${newTag()}`,
      visitor: stage.visitor(index),
      session: null,
      sockets: [],
    }));
  }

  async play({ turns, rounds }: SocketHistory): Promise<void> {
    this.#stage.begin(turns);
    handledTooLate.length = 0;
    try {
      for (const round of rounds) await this.#round(round);
    } finally {
      for (const { sockets } of this.#visitors)
        for (const { client } of sockets) await client[Symbol.asyncDispose]();
      await this.#quiet();
      plays.clear();
    }
    if (handledTooLate.length > 0) this.problems.push(['handled after the end', ...handledTooLate]);
  }

  async #quiet(): Promise<void> {
    await pass(60);
    await until('handlers end', () => this.#running === 0);
    // What they have written is stored.
    await this.#stage.sockets.app.get(SocketSessions, { strict: false }).callsEnded();
    await pass(60);
  }

  #wrong(where: string, wrong: readonly unknown[]): void {
    for (const each of wrong) this.problems.push([where, each]);
  }

  // ---- a round -------------------------------------------------------------------------------------------------

  async #round({ connecting, actions }: Round): Promise<void> {
    for (const index of connecting) await this.#connect(this.#visitor(index));
    const played = this.#visitors.flatMap((visitor, index) =>
      this.#plan(
        visitor,
        actions.filter((action) => action.visitor === index),
      ),
    );
    // Those that act on sockets need some.
    for (const { action, visitor } of played)
      if ('socket' in action && this.#openSockets(visitor).length === 0) await this.#connect(visitor);
    const deeds = new Map<ModelSession, Deeds>();
    const sessions = new Set(played.flatMap(({ action, visitor }) => this.#target(action, visitor) ?? []));
    for (const session of sessions) {
      const own = played.filter(({ action, visitor }) => this.#target(action, visitor) === session);
      deeds.set(session, {
        session,
        certain: [],
        possible: [],
        planned: own.flatMap(({ changes }) => changes),
        seen: [],
        hasMove: own.some(({ action }) => action.do === 'move'),
        hasSignIn: own.some(({ action }) => action.do === 'move' && action.move === 'signIn'),
      });
    }
    await Promise.all(
      played.map(async ({ action, visitor, changes }) => {
        const session = this.#target(action, visitor);
        const of = session === null ? null : (deeds.get(session) ?? null);
        if (action.do === 'message' || action.do === 'job')
          return this.#message(action, visitor, changes, of);
        if (action.do === 'request') return this.#request(action, visitor, changes, of);
        if (of !== null) await this.#move(action, visitor, of);
        return undefined;
      }),
    );
    await this.#quiet();
    for (const each of deeds.values()) await this.#settle(each);
    await this.#checkSockets();
  }

  /** What of a visitor's actions can be checked if it happens at once. */
  #plan(visitor: ModelVisitor, actions: readonly Action[]) {
    const moves = actions.filter((action) => action.do === 'move');
    const requests = actions.filter((action) => action.do === 'request');
    const [move] = visitor.session === null ? [] : moves;
    const left = actions.filter((action) => {
      if (action.do === 'message') return true;
      if (action.do === 'job') return visitor.session !== null;
      if (action.do === 'move') return action === move;
      // Two requests that begin a session begin two.
      return move === undefined && (visitor.session !== null || action === requests[0]);
    });
    return left.map((action) => ({
      action,
      visitor,
      changes: 'writes' in action ? action.writes.map((kind): Change => ({ kind, tag: newTag() })) : [],
    }));
  }

  #visitor(index: number): ModelVisitor {
    const visitor = this.#visitors[index];
    if (visitor === undefined) throw new Error('No such visitor');
    return visitor;
  }

  #openSockets({ sockets }: ModelVisitor): ModelSocket[] {
    return sockets.filter(({ client, hasLeft }) => !client.isClosed && !hasLeft);
  }

  #socketOf(action: { readonly socket: number }, visitor: ModelVisitor): ModelSocket | undefined {
    const open = this.#openSockets(visitor);
    return open[action.socket % open.length];
  }

  /** The session that an action is about. */
  #target(action: Action, visitor: ModelVisitor): ModelSession | null {
    return action.do === 'message' ? (this.#socketOf(action, visitor)?.session ?? null) : visitor.session;
  }

  async #connect(visitor: ModelVisitor): Promise<void> {
    const before = connected;
    const { sockets, hasGateway } = this.#stage;
    const client = await this.#stage.connect(sockets.url, visitor.visitor.headers(visitor.session !== null));
    if (hasGateway) await until('handleConnection', () => connected > before);
    visitor.sockets.push({
      client,
      session: visitor.session,
      sent: [],
      started: [],
      hasLeft: false,
      isOver: false,
    });
  }

  // ---- messages ------------------------------------------------------------------------------------------------

  /** Sends a message whose handler does this. Resolves with what the client heard of it; null: it was closed. */
  async #send(
    socket: ModelSocket,
    handle: (key: string, ...args: Parameters<Play>) => unknown,
    { form = 0, whileHandled }: { readonly form?: number; readonly whileHandled?: Promise<void> } = {},
  ): Promise<unknown> {
    const key = newTag();
    plays.set(key, (...args) => {
      if (this.#stage.hasGateway) socket.started.push(key);
      return handle(key, ...args);
    });
    socket.sent.push(key);
    const { client } = socket;
    client.send('play', { key, form });
    if (whileHandled !== undefined) {
      await whileHandled;
      return null;
    }
    const heard = (): readonly [string, unknown] | undefined =>
      client.heard.find(
        ([, data]) => JSON.stringify(data)?.includes(`"${key}"`) && !JSON.stringify(data).includes('"part"'),
      );
    await until('an answer', () => heard() !== undefined || client.isClosed);
    return heard() ?? null;
  }

  async #message(
    action: Extract<Action, { do: 'message' | 'job' }>,
    visitor: ModelVisitor,
    changes: readonly Change[],
    deeds: Deeds | null,
  ): Promise<void> {
    const socket = action.do === 'job' ? null : this.#socketOf(action, visitor);
    if (socket === undefined) return;
    const where = `${visitor.name}, ${action.do}, ${action.ending}`;
    const own: Change[] = [];
    let [hasBegun, goOn] = [() => undefined as void, () => undefined as void];
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    const maysGoOn = new Promise<void>((resolve) => (goOn = resolve));
    const base = deeds?.session.values ?? {};
    const planned = deeds?.planned ?? [];

    const look = (session: Session, isFirst = false): void => {
      const all = session.all();
      const flashed = Object.keys(all).filter((key) => isFlashKey(key));
      const ownFlash = own.filter(({ kind }) => kind === 'flash').map(({ tag }) => flashKey(tag));
      for (const key of flashed) if (!ownFlash.includes(key)) this.problems.push([where, 'sees', key]);
      const values = withoutFlash(all);
      // What a message has loaded, it keeps until it is over.
      const hasEnded = deeds === null || deeds.session.hasEnded;
      if (isEmpty(values) && (hasEnded || deeds.hasMove)) {
        if (isFirst && deeds?.session.hasEnded === true && socket !== null) socket.isOver = true;
        return;
      }
      // Another process does not know of the end while it loads the session.
      const mayFollow = socket === null && deeds?.hasSignIn === true;
      if (isFirst && hasEnded && !mayFollow && (this.#isShared || deeds?.hasMove !== true))
        this.problems.push([where, 'sees what has ended', values]);
      if (hasEnded) return;
      const others = planned.filter((each) => !own.includes(each));
      this.#wrong(where, wrongIn(values, base, own, others));
    };
    const change = (session: Session, each: Change): void => {
      const isKept = deeds !== null && session.stored && !deeds.session.hasEnded;
      try {
        make(session, each);
        if (session.stored) {
          own.push(each);
          // A job that fails stores nothing.
          if (socket === null && action.ending === 'reject') return;
          (deeds?.hasMove === false ? deeds.certain : (deeds?.possible ?? [])).push(each);
        } else if (each.kind !== 'mutate') this.problems.push([where, 'was not refused', each]);
      } catch (error) {
        const isRefused = error instanceof SessionReadonlyError;
        if (isKept && !deeds.hasMove) this.problems.push([where, 'was refused', each, error]);
        else if (!isRefused) this.problems.push([where, error]);
      }
    };
    const refuse = async (session: Session): Promise<void> => {
      if (action.refused === null) return;
      try {
        if (action.refused === 'signIn') session.signIn('somebody');
        else if (action.refused === 'setId') session.setId(await session.generateId());
        else session[action.refused]();
        await session.commit();
        this.problems.push([where, action.refused, 'was not refused']);
      } catch (error) {
        if (!(error instanceof SessionReadonlyError)) this.problems.push([where, action.refused, error]);
      }
    };
    const act = async (key: string, part: number, parts: number, isAlone: boolean): Promise<unknown> => {
      this.#running += 1;
      try {
        look(Session.current(), part === 0 || isAlone);
        hasBegun();
        if (action.ending === 'leave') await maysGoOn;
        await pass(action.late);
        if (part === 0) await refuse(Session.current());
        for (const each of partOf(changes, part, parts)) change(Session.current(), each);
        look(Session.current());
      } catch (error) {
        this.problems.push([where, error]);
      } finally {
        this.#running -= 1;
      }
      const isLast = part === parts - 1;
      if (isLast && (action.ending === 'throw' || action.ending === 'reject')) throw new WsException({ key });
      return { event: 'answer', data: { key } };
    };
    const stream = (key: string) => {
      this.#running += 1;
      const parts = from(changes).pipe(
        concatMap(async (each) => {
          await pass(action.late);
          change(Session.current(), each);
          return { event: 'answer', data: { key, part: each.tag } };
        }),
      );
      const last = defer(async () => {
        look(Session.current());
        return { event: 'answer', data: { key } };
      });
      look(Session.current(), true);
      return concat(parts, last).pipe(finalize(() => (this.#running -= 1)));
    };
    const handle = (key: string, part: number, parts: number, isAlone = false): unknown => {
      if (action.ending === 'stream' && this.#stage.hasGateway) return stream(key);
      if (action.ending !== 'throw' || action.late > 0 || action.refused !== null || parts > 1)
        return act(key, part, parts, isAlone);
      const session = Session.current();
      look(session, true);
      for (const each of changes) change(session, each);
      throw new WsException({ key });
    };

    if (socket === null) {
      if (deeds !== null) await this.#job(where, deeds, action, own, () => act('', 0, 1, false));
    } else if (action.ending !== 'leave') {
      const heard = await this.#send(socket, handle, { form: action.form });
      if (heard !== null && deeds !== null && !deeds.hasMove) await this.#stored(where, deeds, own);
    } else {
      const left = async (): Promise<void> => {
        while (!(await Promise.race([begun.then(() => true), pass(1).then(() => socket.client.isClosed)])))
          continue;
        socket.hasLeft = true;
        socket.client.close();
        await socket.client.closed;
        goOn();
      };
      await this.#send(socket, handle, { form: action.form, whileHandled: left() });
      await this.#quiet();
    }
  }

  async #job(
    where: string,
    deeds: Deeds,
    { ending, form }: Pick<Extract<Action, { do: 'message' | 'job' }>, 'ending' | 'form'>,
    own: readonly Change[],
    act: () => unknown,
  ): Promise<void> {
    const { manager } = form % 2 === 0 ? this.#stage.http : this.#stage.sockets;
    try {
      await manager.run(deeds.session.id, act);
      if (ending === 'reject') this.problems.push([where, 'did not fail']);
      if (!deeds.hasMove) await this.#stored(where, deeds, own);
    } catch (error) {
      const isExpected = ending === 'reject' && error instanceof WsException;
      if (isExpected || (error instanceof NoSessionError && deeds.hasMove)) return;
      this.problems.push([where, error]);
    }
  }

  /** The answer has arrived, so the changes are stored. */
  async #stored(where: string, { session, planned }: Deeds, own: readonly Change[]): Promise<void> {
    const found = await this.#read(session);
    if (found === null) {
      if (!session.hasEnded) this.problems.push([where, 'has ended']);
      return;
    }
    this.#wrong(`${where}, stored`, wrongIn(found, session.values, own, planned));
  }

  async #read({ id }: ModelSession): Promise<Values | null> {
    const found = await this.#stage.http.manager.read(id);
    return found === null ? null : withoutFlash(found.values);
  }

  // ---- requests ------------------------------------------------------------------------------------------------

  async #request(
    action: Extract<Action, { do: 'request' }>,
    visitor: ModelVisitor,
    changes: readonly Change[],
    deeds: Deeds | null,
  ): Promise<void> {
    const where = `${visitor.name}, request`;
    if (deeds === null) {
      let id = '';
      await visitor.visitor.handle((session) => {
        this.#wrong(where, isEmpty(session.all()) ? [] : [session.all()]);
        session.put({ owner: visitor.name, box: {} });
        if (this.#stage.signsIn) session.signIn(newTag());
        ({ id } = session);
      });
      visitor.session = {
        id,
        values: (await this.#stage.http.manager.read(id))?.values ?? {},
        flash: new ExpectedFlash(),
        hasEnded: false,
      };
      if (visitor.session.values['owner'] !== visitor.name)
        this.problems.push([where, 'began', visitor.session]);
      return;
    }
    const { session: model, planned } = deeds;
    const own: Change[] = [];
    const look = (session: Session): void => {
      const others = planned.filter((each) => !own.includes(each));
      this.#wrong(where, wrongIn(withoutFlash(session.all()), model.values, own, others));
    };
    await visitor.visitor.handle(async (session, part = 0, parts = 1) => {
      if (part === 0) deeds.seen.push(Object.keys(session.flashMessages.all()));
      look(session);
      await pass(action.late);
      for (const each of partOf(changes, part, parts)) {
        make(session, each);
        own.push(each);
      }
      look(session);
    }, action.form);
    deeds.certain.push(...changes);
    await this.#stored(where, deeds, changes);
  }

  async #move(action: Extract<Action, { do: 'move' }>, visitor: ModelVisitor, deeds: Deeds): Promise<void> {
    const { session: model } = deeds;
    const { move } = action;
    const sockets = this.#openSockets(visitor).filter(({ session }) => session === model);
    if (move === 'message destroy') {
      const socket = sockets[action.socket % sockets.length];
      if (socket === undefined) return;
      const heard = await this.#send(socket, async (key) => {
        await pass(action.late);
        await Session.destroy();
        this.#ended(visitor, model);
        return { event: 'answer', data: { key } };
      });
      if (heard === null && !socket.hasLeft) this.problems.push([visitor.name, 'got no last answer']);
    } else if (move === 'manager destroy') {
      await pass(action.late);
      await this.#stage.http.manager.destroy(model.id);
      this.#ended(visitor, model);
    } else {
      let id = '';
      await visitor.visitor.handle(async (session) => {
        await pass(action.late);
        deeds.seen.push(Object.keys(session.flashMessages.all()));
        if (move === 'destroy') await session.destroy();
        else if (move === 'signIn') session.signIn(newTag());
        else session[move]();
        ({ id } = session);
      });
      if (move === 'regenerate') {
        model.id = id;
        return;
      }
      this.#ended(visitor, model);
      if (move === 'signIn') await this.#goesOnAs(visitor, model, id);
    }
    // In another process the end is noticed with the next message.
    if (this.#isShared) await until('sockets end', () => sockets.every(({ client }) => client.isClosed));
  }

  #ended(visitor: ModelVisitor, model: ModelSession): void {
    model.hasEnded = true;
    visitor.session = null;
  }

  /** The session continues, but with another user: its sockets do not follow. */
  async #goesOnAs(visitor: ModelVisitor, model: ModelSession, id: string): Promise<void> {
    await this.#quiet();
    const values = (await this.#stage.http.manager.read(id))?.values;
    if (values === undefined) return void this.problems.push([visitor.name, 'was lost when it signed in']);
    visitor.session = { id, values: withoutFlash(values), flash: model.flash, hasEnded: false };
  }

  // ---- after a round -------------------------------------------------------------------------------------------

  async #settle({ session, certain, possible, planned, seen, hasMove }: Deeds): Promise<void> {
    const flashed = planned.filter(({ kind }) => kind === 'flash').map(({ tag }) => flashKey(tag));
    const made = [...certain, ...possible]
      .filter(({ kind }) => kind === 'flash')
      .map(({ tag }) => flashKey(tag));
    const isCertain = !hasMove && made.length === flashed.length;
    this.#wrong('flash', session.flash.round(seen, flashed, isCertain));
    const found = await this.#read(session);
    if (session.hasEnded) {
      if (found !== null) this.problems.push(['lives on', found]);
      return;
    }
    if (found === null) return void this.problems.push(['was lost', session]);
    // Messages are merged with a new id.
    const isSure = !hasMove ? certain : [...certain, ...possible];
    this.#wrong('stored', wrongIn(found, session.values, isSure, hasMove ? [] : possible));
    session.values = found;
  }

  /** Sockets of sessions that have ended are closed, and all others are not. */
  async #checkSockets(): Promise<void> {
    for (const { name, sockets } of this.#visitors) {
      for (const { client, session, hasLeft, isOver, sent, started } of sockets) {
        const order = sent.filter((key) => started.includes(key));
        if (order.join() !== started.join()) this.problems.push([name, 'started', started, 'sent', sent]);
        if (hasLeft) continue;
        if (session?.hasEnded === true) {
          if (this.#isShared || isOver) await until('a socket ends', () => client.isClosed);
        } else if (client.isClosed) this.problems.push([name, 'was disconnected']);
      }
    }
  }
}
