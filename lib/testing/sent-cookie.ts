import { parseSetCookie } from 'cookie';

/** A cookie as a response sets it (RFC 6265bis, 4.1). */
export interface SentCookie {
  /** As it was set. */
  readonly name: string;
  /** As it travels: the signed id, or the sealed session (its first piece, where it is split). */
  readonly value: string;
  /** Whether it is there to rid the browser of the cookie. */
  readonly expired: boolean;
  /** Seconds; undefined: it ends with the browser. */
  readonly maxAge: number | undefined;
  /** Undefined: not said. */
  readonly path: string | undefined;
  /** Undefined: the host that set it, and no other. */
  readonly domain: string | undefined;
  /** Whether scripts in the page cannot read it. */
  readonly httpOnly: boolean;
  /** Whether it travels over https only. */
  readonly secure: boolean;
  /** In small letters, as the option has it; undefined: not said. */
  readonly sameSite: 'lax' | 'strict' | 'none' | undefined;
  /** Whether each site that embeds the page has one of its own (CHIPS). */
  readonly partitioned: boolean;
  /** In small letters, as the option has it; undefined: not said. */
  readonly priority: 'low' | 'medium' | 'high' | undefined;
}

/** Reads a Set-Cookie header. */
export function sentCookie(header: string): SentCookie {
  const {
    name,
    value = '',
    maxAge,
    path,
    domain,
    httpOnly,
    secure,
    sameSite,
    partitioned,
    priority,
  } = parseSetCookie(header, { decode: asItIs });
  return {
    name,
    value,
    expired: maxAge !== undefined && maxAge <= 0,
    maxAge,
    path,
    domain,
    httpOnly: httpOnly === true,
    secure: secure === true,
    sameSite: typeof sameSite === 'boolean' ? undefined : sameSite,
    partitioned: partitioned === true,
    priority,
  };
}

/** The Cookie header of a browser that sent one, and then got these. */
export function cookieHeader(sent: string | undefined, set: readonly SentCookie[]): string {
  const pairs = (sent ?? '').split(';').filter((pair) => pair.trim() !== '');
  const jar = new Map(pairs.map((pair) => splitAt(pair, '=')));
  for (const { name, value, expired } of set) {
    if (expired) jar.delete(name);
    else jar.set(name, value);
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

function splitAt(text: string, sign: string): [before: string, after: string] {
  const at = text.indexOf(sign);
  return at === -1 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** As it travels. */
const asItIs = (text: string): string => text;
