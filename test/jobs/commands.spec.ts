import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NoSessionError, Session, SessionManager, SessionModule } from 'nestjs-session-kit';
import { describe, expect, it } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { TempFolder } from '../support/temp-folder.js';
import { SECRET } from '../support/test-app.js';

@Injectable()
class Report {
  write(): string {
    return `for ${String(Session.get('user', 'nobody'))}`;
  }
}

describe('a command (NestFactory.createApplicationContext)', () => {
  it("boots without HTTP, and runs with the application's sessions or with values of its own", async () => {
    await using folder = await TempFolder.make();
    const options = { secret: SECRET, driver: 'file', file: { location: folder.path }, gc: false } as const;
    await using app = await HandlerApp.start('express', { options });
    const visitor = app.visitor();
    const id = await visitor.in((session) => session.put('user', 'ann').id);

    @Module({ imports: [SessionModule.forRoot(options)], providers: [Report] })
    class CommandModule {}
    const command = await NestFactory.createApplicationContext(CommandModule, { logger: false });
    try {
      const [report, sessions] = [command.get(Report), command.get(SessionManager)];
      expect(() => report.write()).toThrow(NoSessionError);
      expect(() => report.write()).toThrow(/commands.* SessionManager\.run/);
      expect(await sessions.run(id, () => report.write())).toBe('for ann');
      expect(await sessions.run({ user: 'the command' }, () => report.write())).toBe('for the command');
      await sessions.run(id, (session) => void session.put('reported', true));
      expect((await sessions.check()).up).toBe(true);
    } finally {
      await command.close();
    }
    expect(await visitor.in((session) => session.get('reported'))).toBe(true);
  });
});
