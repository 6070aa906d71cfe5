import { type OnGatewayConnection, WebSocketGateway, WsException } from '@nestjs/websockets';
import { Session } from 'nestjs-session-kit';
import type { WebSocket } from 'ws';

import { countItems } from './cart.js';

/**
 * The open tabs of all visitors: shows in each what another tab of the same session did to the cart. The script is
 * `public/tabs.js`. A session that ends takes its sockets with it, and with them what its tabs show: that needs no line here.
 */
@WebSocketGateway({ path: '/tabs' })
export class CartGateway implements OnGatewayConnection<WebSocket> {
  /** By the handle of the session: its id changes at sign-in, and should be kept by nobody. */
  readonly #tabs = new Map<string, Set<WebSocket>>();

  /** Refuses whoever has no session. Tells all others whose socket it is, since a page may be older than it. */
  handleConnection(tab: WebSocket): void {
    if (!Session.stored) throw new WsException('There is no session yet.');
    if (tab.readyState !== tab.OPEN) return;
    this.#keep(tab, Session.handle);
    const [session, user] = [String(Session.createdAt), Session.userId ?? ''];
    send(tab, 'hello', { session, user, count: countItems(Session.get('cart')) });
  }

  /** Shows a count in every tab of a session that is connected to this process. */
  showCount(handle: string, count: number): void {
    for (const tab of this.#tabs.get(handle) ?? []) send(tab, 'count', { count });
  }

  #keep(tab: WebSocket, handle: string): void {
    const tabs = this.#tabs.get(handle) ?? new Set();
    this.#tabs.set(handle, tabs.add(tab));
    tab.once('close', () => {
      tabs.delete(tab);
      if (tabs.size === 0) this.#tabs.delete(handle);
    });
  }
}

function send(tab: WebSocket, event: string, data: Record<string, unknown>): void {
  tab.send(JSON.stringify({ event, data }));
}
