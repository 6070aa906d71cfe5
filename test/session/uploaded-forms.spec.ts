import { Controller, Post, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import multipart from '@fastify/multipart';
import {
  FileSystemStoredFile,
  FormDataRequest,
  MemoryStoredFile,
  NestjsFormDataModule,
} from 'nestjs-form-data';
import { Session } from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS, type TestApplication } from '../support/test-app.js';

const FILE = 'the bytes of a picture';
const SECRET_INPUT = 'hunter2';

@Controller()
class PlainController {
  @Post('upload')
  upload(@Session() session: Session) {
    session.flashAll();
    return {};
  }
}

@Controller()
class MulterController {
  @Post('upload')
  @UseInterceptors(FileInterceptor('picture'))
  upload(@Session() session: Session) {
    session.flashAll();
    return {};
  }
}

@Controller()
class MemoryController {
  @Post('upload')
  @FormDataRequest({ storage: MemoryStoredFile })
  upload(@Session() session: Session) {
    session.flashAll();
    return {};
  }
}

@Controller()
class FileSystemController {
  @Post('upload')
  @FormDataRequest({ storage: FileSystemStoredFile })
  upload(@Session() session: Session) {
    session.flashAll();
    return {};
  }
}

function isFastify(app: TestApplication): app is NestFastifyApplication {
  return app.getHttpAdapter().getType() === 'fastify';
}

const multipartWith =
  (attachFieldsToBody: true | 'keyValues' | false) =>
  async (app: TestApplication): Promise<void> => {
    if (isFastify(app)) await app.register(multipart, { attachFieldsToBody });
  };

/** Submits a form with a file and returns what was flashed of it. */
async function flashedOf(app: HandlerApp): Promise<unknown> {
  const visitor = app.visitor();
  await visitor.agent
    .post('/upload')
    .field('name', 'Ada')
    .field('user[city]', 'London')
    .field('tags', ['a', 'b'])
    .field('password', SECRET_INPUT)
    .field('user[password]', SECRET_INPUT)
    .attach('picture', Buffer.from(FILE), { filename: 'picture.png', contentType: 'image/png' })
    .expect(201);
  return visitor.in((session) => [session.flashMessages.all(), session.old('user.city')]);
}

const TYPED = [{ name: 'Ada', user: { city: 'London' }, tags: ['a', 'b'] }, 'London'];

describe('a form with a file is filled in again with the typed values only', () => {
  it('through multer', async () => {
    await using app = await HandlerApp.start('express', { controllers: [MulterController] });
    expect(await flashedOf(app)).toEqual(TYPED);
  });

  it.each([true, 'keyValues'] as const)(
    'through @fastify/multipart with attachFieldsToBody: %s',
    async (how) => {
      await using app = await HandlerApp.start('fastify', {
        controllers: [PlainController],
        configure: multipartWith(how),
      });
      expect(await flashedOf(app)).toEqual(TYPED);
    },
  );

  describe.each(PLATFORMS)('through nestjs-form-data on %s', (platform) => {
    it.each([MemoryController, FileSystemController])('with the storage of %o', async (controller) => {
      await using app = await HandlerApp.start(platform, {
        imports: [NestjsFormDataModule],
        controllers: [controller],
        configure: multipartWith(false),
      });
      expect(await flashedOf(app)).toEqual(TYPED);
    });
  });
});
