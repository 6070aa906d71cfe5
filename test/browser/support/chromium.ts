import { type BrowserContext, type BrowserServer, chromium } from 'playwright-core';

import { BROWSERS, requireProgram } from '../../servers/ensure.js';

/** Cookies of a domain need names of hosts: these, and all below them, lead to this machine. */
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

// No limit of its own: a machine that is busy may take long, and the hook that waits for a browser ends some time.
function settings(): { executablePath: string; args: string[]; timeout: number } {
  const executablePath = requireProgram(...BROWSERS);
  return { executablePath, args: FLAGS, timeout: 0 };
}

/** Starts Chromium with an empty profile, for all who connect to it. */
export async function startBrowser(): Promise<BrowserServer> {
  // Ctrl-C is the test run's to deal with: it ends the browser, as it ends whatever else it has started.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  return chromium.launchServer({ ...settings(), ...signals, host: '127.0.0.1' });
}

/**
 * Starts Chromium with a profile that stays: closing it and opening it again is what a person does at night.
 *
 * @param profile a folder; an empty one for the first start
 */
export async function openProfile(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, settings());
}
