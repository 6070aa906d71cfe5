import { Agent } from 'node:http';
import request from 'supertest';

/** Connections that wait for the next request, as those of browsers do. A new one costs as much as the request on it. */
const agent = new Agent({ keepAlive: true });

/** A visitor who keeps cookies, and sends requests on connections that are there already. */
export function visitorOf(url: string): ReturnType<typeof request.agent> {
  return request.agent(url).use((sent: request.Test) => void sent.agent(agent));
}
