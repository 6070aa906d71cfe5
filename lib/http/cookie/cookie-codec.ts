import { stringifySetCookie } from 'cookie';
import { optionError, shown } from '../../options/read-option.js';
import { type CheckedCookie, type CookieAttributes, checkedCookie } from '../../options/cookie.options.js';
import { MOST_COOKIES } from '../../options/stealth.options.js';
import { type CookiePlace, placeOf } from './cookie-place.js';

/**
 * The largest cookie that browsers accept, with name and all attributes, in bytes (RFC 6265bis, 5.6 and
 * common practice).
 */
const MAX_COOKIE_BYTES = 4096;

/**
 * The minimum that has to remain for the token: a signed id of 256 bits takes 90 bytes, a chosen id or a
 * sealed session more.
 */
const MIN_TOKEN_BYTES = 512;

/** Room for `; Max-Age=` and ten digits. */
const MAX_AGE_BYTES = '; Max-Age='.length + 10;

/** How many cookies of one name are read from a request; any more are ignored. */
const MAX_CANDIDATES = 8;

/** The allowed spelling of each attribute, for messages. */
const WRITTEN = {
  name: "letters, digits and !#$%&'*+-.^_`|~ (RFC 6265bis, 4.1.1)",
  domain: 'a host name in ASCII, without scheme and port',
  path: 'a path in ASCII, without a semicolon',
} as const;

/** The session cookies that a request carried. */
export interface RequestCookies {
  /** Tokens, likeliest first. */
  readonly tokens: readonly string[];
  /** The names of all cookies that are ours, pieces included. */
  readonly names: readonly string[];
}

const NO_COOKIES: RequestCookies = { tokens: [], names: [] };

/**
 * Reads tokens from a Cookie header and writes them as Set-Cookie headers, in pieces (`name.0`, `name.1`, ...) if a
 * token is too long for one cookie. Whether a response sets the cookie is decided in `response-cookies.ts`.
 */
export class CookieCodec {
  readonly name: string;
  /** Where browsers keep it. */
  readonly place: CookiePlace;
  readonly secure: boolean;
  /** How many cookies a token may be split into. */
  readonly maxPieces: number;
  /** The longest token that fits, in characters. */
  readonly maxTokenLength: number;
  /** The attributes shared by all cookies of the application. */
  readonly attributes: CheckedCookie;
  readonly #attributes: string;
  readonly #expired: string;
  /** How many characters of a token fit into one piece. */
  readonly #pieceLength: number;

  /**
   * @param maxPieces how many cookies a token may be split into
   * @param option the option that these values come from, for messages
   * @throws SessionConfigError if the attributes contradict each other or the name
   */
  constructor(options: CookieAttributes, maxPieces: number, option = 'cookie') {
    const cookie = checkedCookie(options, option);
    this.name = cookie.name;
    this.place = placeOf(cookie);
    this.secure = cookie.secure;
    this.attributes = cookie;
    this.#attributes = attributesOf(cookie, option);
    this.#expired = `=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${this.#attributes}`;
    const fixed = cookie.name.length + 1 + MAX_AGE_BYTES + this.#attributes.length;
    this.#pieceLength = MAX_COOKIE_BYTES - fixed - '.0'.length;
    if (this.#pieceLength < MIN_TOKEN_BYTES) {
      throw optionError(
        option,
        `got too much: name and attributes take ${fixed} of the ${MAX_COOKIE_BYTES} bytes that browsers keep, which ` +
          `leaves too few for a token. Shorten them to ${MAX_COOKIE_BYTES - MIN_TOKEN_BYTES - '.0'.length} bytes or less.`,
      );
    }
    this.maxPieces = maxPieces;
    this.maxTokenLength = this.#pieceLength * maxPieces;
  }

  /**
   * Finds the session cookies in a Cookie header. A request without them costs one search.
   *
   * Does not use the `cookie` library, which writes cookies here: it decodes every cookie of the request, and
   * keeps one value per name, while a browser may send several (RFC 6265bis, 5.7.3).
   */
  read(header: string | undefined): RequestCookies {
    if (header === undefined || !header.includes(this.name)) return NO_COOKIES;
    const whole: string[] = [];
    const runs: string[][] = [];
    const names: string[] = [];
    for (let start = 0, end = 0; start < header.length; start = end + 1) {
      end = header.indexOf(';', start);
      if (end === -1) end = header.length;
      // Spaces only: a browser takes a name after any other blank for a name without the prefix `__Host-`.
      let at = start;
      while (header.charCodeAt(at) === 0x20) at += 1;
      if (!header.startsWith(this.name, at)) continue;
      // Searching the header itself would run past the pair, for each pair without an equals sign.
      const pair = header.slice(at, end);
      const equals = pair.indexOf('=');
      if (equals === -1) continue;
      const rest = pair.slice(this.name.length, equals).trimEnd();
      const value = unquote(pair.slice(equals + 1).trim());
      if (rest === '') {
        if (whole.length < MAX_CANDIDATES) whole.push(value);
      } else if (/^\.\d$/.test(rest)) {
        addPiece(runs, Number(rest.slice(1)), value);
      } else {
        continue;
      }
      const name = this.name + rest;
      if (!names.includes(name)) names.push(name);
    }
    if (names.length === 0) return NO_COOKIES;
    if (runs.length === 0) return { tokens: whole, names };
    return { tokens: [...whole, ...runs.map(joinPieces).filter((token) => token !== null)], names };
  }

  /**
   * The Set-Cookie headers that set a token and expire pieces that no longer belong to it.
   *
   * @param maxAge seconds; undefined ends the cookie with the browser
   * @param present the names of cookies that the browser has, or may have
   */
  set(token: string, maxAge: number | undefined, present: readonly string[]): string[] {
    const tail = (maxAge === undefined ? '' : `; Max-Age=${maxAge}`) + this.#attributes;
    if (!this.splits(token)) {
      const single = `${this.name}=${token}${tail}`;
      return present.length <= 1 && (present.length === 0 || present[0] === this.name)
        ? [single]
        : [single, ...this.expire(present.filter((name) => name !== this.name))];
    }
    const cookies: string[] = [];
    const used = new Set<string>();
    for (let at = 0; at < token.length; at += this.#pieceLength) {
      const name = `${this.name}.${used.size}`;
      used.add(name);
      cookies.push(`${name}=${token.slice(at, at + this.#pieceLength)}${tail}`);
    }
    return [...cookies, ...this.expire(present.filter((name) => !used.has(name)))];
  }

  /** The names of the cookie and of all pieces that it may have had, with another driver or limit, too. */
  get allNames(): readonly string[] {
    return [this.name, ...Array.from({ length: MOST_COOKIES }, (_, number) => `${this.name}.${number}`)];
  }

  /** Whether a token takes several cookies. */
  splits(token: string): boolean {
    // Without the suffix of a piece, two more characters fit.
    return token.length > this.#pieceLength + 2;
  }

  /** The Set-Cookie headers that expire cookies, with exactly the attributes they were set with. */
  expire(names: readonly string[]): string[] {
    return names.map((name) => name + this.#expired);
  }
}

/**
 * The part of a Set-Cookie header after the value, without the lifetime.
 *
 * @throws SessionConfigError if it cannot be written
 */
function attributesOf(cookie: CheckedCookie, option: string): string {
  const { name, ...attributes } = cookie;
  try {
    return stringifySetCookie({ name, value: '', ...attributes }).slice(name.length + 1);
  } catch (cause) {
    const wrong = isWritable({ name }) ? (isWritable({ path: cookie.path }) ? 'domain' : 'path') : 'name';
    throw optionError(
      `${option}.${wrong}`,
      `got ${shown(cookie[wrong])}, which cannot be written as a cookie; it takes ${WRITTEN[wrong]}.`,
      cause,
    );
  }
}

function isWritable(part: { name?: string; path?: string }): boolean {
  try {
    stringifySetCookie({ name: 'a', value: '', ...part });
    return true;
  } catch {
    return false;
  }
}

/**
 * Adds a piece to the tokens read so far. A browser sends cookies of one name from several places, those with
 * the longer path first (RFC 6265bis, 5.7.3), so a repeated number belongs to the next place.
 */
function addPiece(runs: string[][], number: number, value: string): void {
  const run = runs.at(-1);
  if (run !== undefined && run[number] === undefined) {
    run[number] = value;
  } else if (runs.length < MAX_CANDIDATES) {
    const next: string[] = [];
    next[number] = value;
    runs.push(next);
  }
}

function joinPieces(pieces: readonly string[]): string | null {
  // Old pieces may remain after the last valid one; a missing piece ends the token.
  if (pieces[0] === undefined) return null;
  let token = '';
  for (const piece of pieces) {
    if (piece === undefined) break;
    token += piece;
  }
  return token;
}

function unquote(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
