import { type BrowserContext, type BrowserServer, chromium } from 'playwright-core';

import { BROWSERS, requireProgram } from '../../servers/ensure.js';

/** Cookies with a domain need host names: these resolve to this machine. */
const NAMED_HOSTS = ['shop.test', '*.shop.test'];

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  `--host-resolver-rules=${NAMED_HOSTS.map((host) => `MAP ${host} 127.0.0.1`).join(', ')}`,
];

// No timeout of its own: a busy machine may take long, and the hook that waits for a browser has one.
function settings(): { executablePath: string; args: string[]; timeout: number } {
  const executablePath = requireProgram(...BROWSERS);
  return { executablePath, args: FLAGS, timeout: 0 };
}

/** Starts Chromium with an empty profile, for all clients that connect to it. */
export async function startBrowser(): Promise<BrowserServer> {
  // The test run handles Ctrl-C: it ends the browser with everything else that it has started.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  return chromium.launchServer({ ...settings(), ...signals, host: '127.0.0.1' });
}

/**
 * Starts Chromium with a persistent profile, which can be closed and opened again as people do overnight.
 *
 * @param profile a folder; an empty one for the first start
 */
export async function openProfile(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, settings());
}
