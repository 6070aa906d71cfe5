import type { Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { HandlerApp } from '../support/handler-app.js';
import { loadedSnippet } from '../support/loaded-snippet.js';
import { OpenStream } from '../support/open-stream.js';
import { PLATFORMS } from '../support/test-app.js';

describe.each(PLATFORMS)('a stream shared by several listeners, on %s', (platform) => {
  it('has the own session of each listener, as the documentation shows', async () => {
    const { RoomController } = await loadedSnippet<{ RoomController: Type }>('room.controller.ts');
    await using app = await HandlerApp.start(platform, { controllers: [RoomController] });
    const [ann, bob] = [app.visitor(), app.visitor()];
    const listeners = await Promise.all(
      [ann, bob].map(async (visitor, index) => {
        const name = ['ann', 'bob'][index];
        const { asHeaders } = await visitor.handle((session) => session.put('name', name));
        return OpenStream.open(`${app.url}/room`, asHeaders.cookie);
      }),
    );
    await bob.agent.post('/room').send({ text: 'hello' }).expect(201);
    for (const listener of listeners) await listener.comes('hello');
    expect(listeners.map(({ text }) => /"to":"(\w+)"/.exec(text)?.[1])).toEqual(['ann', 'bob']);
    for (const listener of listeners) listener.abort();
  });
});
