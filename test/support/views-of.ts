import type { NestExpressApplication } from '@nestjs/platform-express';
import type { TestApplication } from './test-app.js';

export function isExpress(app: TestApplication): app is NestExpressApplication {
  return app.getHttpAdapter().getType() === 'express';
}

/**
 * Makes an application render the templates of a folder.
 *
 * @param name of the engine, which is also the extension of its files
 * @param engine what @fastify/view takes as `engine`
 */
export function renderViews(app: TestApplication, name: string, engine: object, folder: string): void {
  if (isExpress(app)) {
    app.setBaseViewsDir(folder);
    app.setViewEngine(name);
  } else {
    app.setViewEngine({ engine, templates: folder });
  }
}
