import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { NoSessionError, Session, SessionModule } from 'nestjs-session-kit';
import { sessionsOf } from 'nestjs-session-kit/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../servers/free-port.js';
import { UNHURRIED } from '../support/test-app.js';
import { LIBRARIES, answer, connect } from './gateway-app.js';

function userInSession(): unknown {
  try {
    return Session.userId;
  } catch (error) {
    return error instanceof NoSessionError ? 'no session' : error;
  }
}

describe.each(LIBRARIES)('a gateway of an application without HTTP, by %s', (library) => {
  it('has sessions, except on an excluded path', async () => {
    const [port, socketPort] = [await freePort(), await freePort()];
    const at = (name: string) => (library === 'ws' ? { path: `/${name}` } : { namespace: name });

    @WebSocketGateway(socketPort, at('chat'))
    class ChatGateway {
      @SubscribeMessage('who')
      who() {
        return answer(userInSession());
      }
    }

    @WebSocketGateway(socketPort, at('ticker'))
    class TickerGateway extends ChatGateway {}

    @Module({
      imports: [SessionModule.forRoot({ ...UNHURRIED, exclude: ['/ticker'] })],
      providers: [ChatGateway, TickerGateway],
    })
    class Root {}

    const app = await NestFactory.createMicroservice(Root, {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
      logger: false,
    });
    app.useWebSocketAdapter(library === 'ws' ? new WsAdapter() : new IoAdapter());
    await app.listen();
    onTestFinished(() => app.close());
    const url = `http://127.0.0.1:${socketPort}`;
    const cookie = await sessionsOf(app).cookie({ userId: 'ann' });
    await using chat = await connect(library, url, { cookie }, '/chat');
    expect(await chat.ask('who')).toBe('ann');
    await using ticker = await connect(library, url, { cookie }, '/ticker');
    expect(await ticker.ask('who')).toBe('no session');
  });
});
