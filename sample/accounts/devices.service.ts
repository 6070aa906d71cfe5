import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { type Session, SessionManager, type StoredSession } from 'nestjs-session-kit';

import { type Environment, LISTING_DRIVERS } from '../environment.js';

/** The maximum number of devices shown. Everybody signs in with the demo accounts. */
const MOST_SHOWN = 10;

/** A line of the list of devices. */
export interface Device extends StoredSession {
  readonly isThisOne: boolean;
}

/** What the account page shows of the visitor's devices. */
export interface Devices {
  /** The latest first; null if the driver cannot list. */
  readonly devices: Device[] | null;
  /** How many more there are. */
  readonly hiddenDevices: number;
}

/** The browsers that a user is signed in with: each has a session, which the session module can list. */
@Injectable()
export class DevicesService {
  constructor(
    private readonly sessions: SessionManager,
    private readonly config: ConfigService<Environment, true>,
  ) {}

  /** @param here the session of the visitor who asks */
  async of(userId: string, here: Session): Promise<Devices> {
    if (!LISTING_DRIVERS.includes(this.config.get('SESSION_DRIVER', { infer: true })))
      return { devices: null, hiddenDevices: 0 };
    const all = await this.sessions.list(userId);
    const devices = all
      .slice(0, MOST_SHOWN)
      .map((device) => ({ ...device, isThisOne: device.handle === here.handle }));
    return { devices, hiddenDevices: all.length - devices.length };
  }

  /** Signs out one of the user's devices. @returns false if there is no such device (any more) */
  async end(userId: string, handle: string): Promise<boolean> {
    return this.sessions.end(userId, handle);
  }

  /** Signs out all of the user's devices but one. @returns how many */
  async endOthers(userId: string, here: Session): Promise<number> {
    return this.sessions.endAll(userId, { except: here });
  }
}
