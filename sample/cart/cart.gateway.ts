import { type OnGatewayConnection, WebSocketGateway, WsException } from '@nestjs/websockets';
import { Session } from 'nestjs-session-kit';
import type { WebSocket } from 'ws';

import { countItems } from './cart.js';

/**
 * The open tabs of all visitors: shows in each tab what another tab of the same session did to the cart. The
 * script is `public/tabs.js`. When a session ends, its sockets are closed and its tabs updated; that needs no
 * code here.
 */
@WebSocketGateway({ path: '/tabs' })
export class CartGateway implements OnGatewayConnection<WebSocket> {
  /** Keyed by the session's handle: its id changes at sign-in, and nothing should keep it. */
  readonly #tabs = new Map<string, Set<WebSocket>>();

  /**
   * Refuses visitors without a session. Tells the others whose socket it is, because a page may be older than
   * the socket.
   */
  handleConnection(tab: WebSocket): void {
    if (!Session.stored) throw new WsException('There is no session yet.');
    if (tab.readyState !== tab.OPEN) return;
    this.#keep(tab, Session.handle);
    const [session, user] = [String(Session.createdAt), Session.userId ?? ''];
    send(tab, 'hello', { session, user, count: countItems(Session.get('cart')) });
  }

  /** Sends a count to every tab of a session that is connected to this process. */
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
