import { type Browser, type BrowserContext, chromium } from 'playwright-core';

import { findProgram } from '../../servers/index.js';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

function settings(): { executablePath: string; args: string[] } {
  const executablePath = findProgram('chromium', 'chromium-browser', 'google-chrome');
  if (executablePath === null) throw new Error('No Chromium here. Install the package chromium.');
  return { executablePath, args: FLAGS };
}

/** Starts Chromium with an empty profile, which is removed with it. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch(settings());
}

/**
 * Starts Chromium with a profile that stays: closing it and opening it again is what a person does at night.
 *
 * @param profile a folder; an empty one for the first start
 */
export async function openProfile(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, settings());
}
