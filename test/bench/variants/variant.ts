import type { INestApplication } from '@nestjs/common';

/** The requests that are measured: one without a cookie, one that reads a value of its session, one that writes one. */
export const routes = ['none', 'read', 'write'] as const;
export type Route = (typeof routes)[number];

/** CPU microseconds per request, by route. */
export type Cost = Readonly<Record<Route, number>>;

/** Shares of what bare Nest takes, by route. */
export type Budget = Readonly<Record<Route, number>>;

/** Where a variant keeps its sessions, for those that keep them outside the process. */
export interface Place {
  readonly redisUrl: string;
  /** An empty folder of this variant's own. */
  readonly folder: string;
  /** Called for each statement that goes to a database; undefined while nothing is counted, because counting costs. */
  readonly onStatement: (() => void) | undefined;
}

/** Makes an application that is ready to listen. */
export type StartVariant = (place: Place) => Promise<INestApplication>;

/** One application to measure. */
export interface Variant {
  readonly name: string;
  /** How the table calls it. */
  readonly label: string;
  readonly platform: 'express' | 'fastify';
  readonly hasNoSession?: boolean;
  /** The application without a session that the others of its platform are compared with. */
  readonly isBare?: boolean;
  /** Part of the comparison of stores (`--stores`). */
  readonly isStore?: boolean;
  readonly isOurs?: boolean;
  readonly needsRedis?: boolean;
  /** What it may cost at most above bare Nest, on Node 24, as a share of what bare Nest takes on its platform. */
  readonly budget?: Budget;
  load(): Promise<StartVariant>;
}
