import 'reflect-metadata';
import { Controller, type ExecutionContext, Get, type PipeTransform, ValidationPipe } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from 'vitest';
import { Flash, FlashMessages, NoSessionError, RequestSession, Session } from 'nestjs-session-kit';
import { HandlerApp } from '../support/handler-app.js';
import { PLATFORMS } from '../support/test-app.js';

class Shout implements PipeTransform {
  transform = (value: unknown): unknown => {
    const isWhole = value instanceof RequestSession || value instanceof FlashMessages;
    return `${isWhole ? value.constructor.name : String(value)}!`;
  };
}

@Controller()
class PipedController {
  @Get('piped')
  piped(
    @Session(Shout) session: unknown,
    @Session('status', Shout) value: unknown,
    @Flash(Shout) messages: unknown,
    @Flash('status', Shout) status: unknown,
  ) {
    return [session, value, messages, status];
  }
}

/** Its parameters have types that compilers emit for pipes: the class if a class is named. */
@Controller()
class TypedController {
  @Get('session')
  session(@Session() session: Session) {
    return { same: session === Session.current() };
  }

  @Get('request-session')
  requestSession(@Session() session: RequestSession) {
    return { same: session === Session.current() };
  }

  @Get('messages')
  messages(@Flash() messages: FlashMessages, @Flash('status') status?: string) {
    return { all: messages.all(), status };
  }
}

describe.each(PLATFORMS)(
  'handler parameters on %s, with a ValidationPipe for custom decorators',
  (platform) => {
    const start = () =>
      HandlerApp.start(platform, {
        controllers: [TypedController],
        configure: (nest) =>
          void nest.useGlobalPipes(
            new ValidationPipe({ transform: true, whitelist: true, validateCustomDecorators: true }),
          ),
      });

    it.each(['session', 'request-session'])('are the session of the request itself (%s)', async (path) => {
      await using app = await start();
      await app.visitor().agent.get(`/${path}`).expect(200, { same: true });
    });

    it('are the flash messages with their contents', async () => {
      await using app = await start();
      const visitor = app.visitor();
      await visitor.in((session) => session.flash('status', 'Saved.'));
      await visitor.agent.get('/messages').expect(200, { all: { status: 'Saved.' }, status: 'Saved.' });
    });
  },
);

it.each(PLATFORMS)('Handler parameters on %s take pipes whose method is a property', async (platform) => {
  await using app = await HandlerApp.start(platform, { controllers: [PipedController] });
  const visitor = app.visitor();
  await visitor.in((session) => session.flash('status', 'Saved'));
  await visitor.agent.get('/piped').expect(200, ['RequestSession!', 'Saved!', 'FlashMessages!', 'Saved!']);
});

describe('A parameter that asks for a session', () => {
  /** Resolves the parameter as Nest does for a handler of this type of context. */
  function resolve(type: string): unknown {
    const context = new ExecutionContextHost(
      [{}, {}],
      TypedController,
      Reflect.get(TypedController.prototype, 'session'),
    );
    context.setType(type);
    const parameters: Record<string, { factory: (data: unknown, context: ExecutionContext) => unknown }> =
      Reflect.getMetadata(ROUTE_ARGS_METADATA, TypedController, 'session');
    const [parameter] = Object.values(parameters);
    return parameter?.factory(undefined, context);
  }

  it('throws an error that names the handler, and what to check', () => {
    expect(() => resolve('http')).toThrow(NoSessionError);
    expect(() => resolve('http')).toThrow(/^TypedController\.session asks .*Is SessionModule imported/);
  });

  it('throws an error for a socket message that names how its gateway may be excluded', () => {
    expect(() => resolve('ws')).toThrow(NoSessionError);
    expect(() => resolve('ws')).toThrow(
      /namespace \(socket\.io\) or path \(ws\) not named by its option 'exclude'/,
    );
  });

  it('throws an error for a microservice message that says what to do instead', () => {
    expect(() => resolve('rpc')).toThrow(NoSessionError);
    expect(() => resolve('rpc')).toThrow(/messages of a microservice \('rpc'\).* SessionManager\.run\(id/);
  });
});
