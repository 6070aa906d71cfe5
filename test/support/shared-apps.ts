import { afterAll } from 'vitest';
import { HandlerApp, type HandlerAppSetup } from './handler-app.js';
import type { Platform } from './test-app.js';

type Options = HandlerAppSetup['options'];

/**
 * Applications for the tests of one describe block that leave them as they are. To be called in the block itself.
 *
 * @returns finds the application with these options, which starts at first use and closes after the block
 */
export function sharedApps(platform: Platform): (options?: Options) => Promise<HandlerApp> {
  const apps = new Map<string, Promise<HandlerApp>>();
  afterAll(async () => {
    for (const app of apps.values()) await (await app)[Symbol.asyncDispose]();
  });
  return (options = {}) => {
    const key = JSON.stringify(options);
    const app = apps.get(key) ?? HandlerApp.start(platform, { options });
    apps.set(key, app);
    return app;
  };
}
