import { type SealingDriver, SessionDriver, type SessionRecord } from 'nestjs-session-kit';

/** A sealing driver as an application might write one; its tokens know nothing of cookies or headers. */
@SessionDriver('plain')
export class PlainDriver implements SealingDriver {
  seal(record: SessionRecord): string {
    return Buffer.from(JSON.stringify(record)).toString('base64url');
  }

  open(token: string): SessionRecord | null {
    try {
      const record: SessionRecord = JSON.parse(Buffer.from(token, 'base64url').toString());
      return record;
    } catch {
      return null;
    }
  }
}
