import {
  Args,
  Context,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { createClient } from 'graphql-ws';
import request from 'supertest';
import { type RequestSession, Session } from 'nestjs-session-kit';
import {
  CookieJar,
  type HistoryClient,
  type HistoryVisitor,
  type RequestPart,
} from '../sockets/support/history-visitors.js';
import { playPart } from '../sockets/support/play-socket-history.js';
import { setCookies } from '../support/test-app.js';
import { webSocketWith } from './subscription-app.js';

/** In how many parts an operation does what its message or request does. */
const PARTS = 3;

export const typeDefs = `
  type Query { play(key: String!, part: Int!, parts: Int!): String parts(key: String!, count: Int!): [Part!]! }
  type Mutation { play(key: String!, part: Int!, parts: Int!): String }
  type Subscription { parts(key: String!, count: Int!): Part! }
  type Part { play: String }
`;

interface PartOf {
  readonly key: string;
  readonly part: number;
  readonly parts: number;
  /** Whether it is an event of its own. */
  readonly isEvent?: boolean;
}

interface Asked {
  readonly key: string;
  readonly count: number;
}

/** The requests that are being answered, by the key of their operations. */
const requests = new Map<string, RequestPart>();

interface ContextOfRequest {
  readonly req?: { readonly session?: RequestSession };
}

async function play({ key, part, parts, isEvent }: PartOf, session: RequestSession): Promise<string> {
  const run = requests.get(key);
  await (run === undefined ? playPart(key, part, parts, isEvent) : run(session, part, parts));
  return key;
}

const partsOf = ({ key, count }: Asked): PartOf[] =>
  Array.from({ length: count }, (_, part) => ({ key, part, parts: count }));

@Resolver('Query')
export class HistoryQueries {
  @Query('play')
  play(@Args() part: PartOf, @Session() session: RequestSession) {
    return play(part, session);
  }

  @Query('parts')
  parts(@Args() asked: Asked) {
    return partsOf(asked);
  }
}

@Resolver('Mutation')
export class HistoryMutations {
  @Mutation('play')
  play(@Args() part: PartOf, @Context() { req }: ContextOfRequest) {
    return play(part, req?.session ?? Session.current());
  }
}

@Resolver('Part')
export class HistoryParts {
  @ResolveField('play')
  play(@Parent() part: PartOf) {
    return play(part, Session.current());
  }
}

@Resolver('Subscription')
export class HistorySubscriptions {
  @Subscription('parts')
  async *parts(@Args() asked: Asked) {
    for (const part of partsOf(asked)) yield { parts: { ...part, isEvent: true } };
  }
}

const fieldsOf = (key: string): string[] =>
  partsOf({ key, count: PARTS }).map(
    ({ part }) => `part${part}: play(key: "${key}", part: ${part}, parts: ${PARTS})`,
  );

/** The kinds of operations. One more is a list of operations, or a subscription. */
const FORMS: readonly ((key: string) => string)[] = [
  (key) => `mutation { ${fieldsOf(key).join(' ')} }`,
  (key) => `{ ${fieldsOf(key).join(' ')} }`,
  (key) => `{ parts(key: "${key}", count: ${PARTS}) { play } }`,
];
const simple = (key: string): string => `mutation { play(key: "${key}", part: 0, parts: 1) }`;
const batch = (key: string): { query: string }[] =>
  fieldsOf(key).map((field, index) => ({ query: index === 1 ? `{ ${field} }` : `mutation { ${field} }` }));

let lastKey = 0;

/** A visitor whose requests are operations over HTTP. */
export function graphqlVisitorOf(url: string): HistoryVisitor {
  const jar = new CookieJar();
  return {
    headers: (hasSession) => jar.headers(hasSession),
    async handle(run, form) {
      const key = `request ${(lastKey += 1)}`;
      requests.set(key, run);
      try {
        const body = form === undefined ? { query: simple(key) } : { query: FORMS[form]?.(key) };
        const response = await request(url)
          .post('/graphql')
          .set(jar.headers())
          .send(body.query === undefined ? batch(key) : body);
        if (response.status !== 200 || response.text.includes('"errors"')) throw new Error(response.text);
        jar.keep(
          setCookies(response)
            .map((each) => each.split(';')[0])
            .join('; '),
        );
      } finally {
        requests.delete(key);
      }
    },
  };
}

/** A client whose messages are operations over a WebSocket. Resolves once connected. */
export function graphqlClient(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<HistoryClient> {
  return new Promise((resolve, reject) => {
    const heard: [string, unknown][] = [];
    let [isClosed, hasClosed] = [false, () => undefined as void];
    const closed = new Promise<void>((done) => (hasClosed = done));
    const client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: webSocketWith(headers),
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: reject,
      on: {
        // Its session is watched from the first operation on.
        connected: () => void ask('', '{ parts(key: "", count: 0) { play } }').then(() => resolve(made)),
        closed: () => {
          isClosed = true;
          hasClosed();
        },
      },
    });
    const ask = async (key: string, query: string): Promise<void> => {
      try {
        const answers = client.iterate({ query });
        while ((await answers.next()).done !== true) continue;
      } catch {
        // Refused as a whole, or disconnected.
      }
      if (!isClosed && key !== '') heard.push(['answer', { key }]);
    };
    const made: HistoryClient = {
      heard,
      closed,
      get isClosed() {
        return isClosed;
      },
      send(_event, { key, form }) {
        const query = FORMS[form]?.(key) ?? `subscription { parts(key: "${key}", count: ${PARTS}) { play } }`;
        void ask(key, query);
      },
      close: () => void client.dispose(),
      async [Symbol.asyncDispose]() {
        await client.dispose();
        await closed;
      },
    };
  });
}
