import type { INestApplication } from '@nestjs/common';

/** The measured requests: one without a cookie, one that reads a value of its session, one that writes one. */
export const routes = ['none', 'read', 'write'] as const;
export type Route = (typeof routes)[number];

/** CPU microseconds per request, by route. */
export type Cost = Readonly<Record<Route, number>>;

/** Shares of bare Nest's time, by route. */
export type Budget = Readonly<Record<Route, number>>;

/** Where a variant stores its sessions outside of the process. */
export interface Place {
  readonly redisUrl: string;
  /** An empty folder for this variant only. */
  readonly folder: string;
  /** Called for each database statement; undefined when nothing is counted, because counting costs time. */
  readonly onStatement: (() => void) | undefined;
}

/** Creates an application that is ready to listen. */
export type StartVariant = (place: Place) => Promise<INestApplication>;

/** An application to measure. */
export interface Variant {
  readonly name: string;
  /** Its name in the table. */
  readonly label: string;
  readonly platform: 'express' | 'fastify';
  readonly hasNoSession?: boolean;
  /** The application without a session that others on its platform are compared with. */
  readonly isBare?: boolean;
  /** Part of the comparison of stores (`--stores`). */
  readonly isStore?: boolean;
  readonly isOurs?: boolean;
  readonly needsRedis?: boolean;
  /** The most it may cost above bare Nest on Node 24, as a share of bare Nest's time on its platform. */
  readonly budget?: Budget;
  load(): Promise<StartVariant>;
}
