import { describe, expect, it } from 'vitest';
import { FactsState } from '../../lib/state/facts-state.js';
import { PAYLOAD_FORMAT, type Payload, type SessionFacts } from '../../lib/state/payload.js';

/** The facts that a commit would write. */
function written(facts: FactsState): SessionFacts {
  const { v: _format, n: _number, c: _created, d: _values, ...rest } = drafted(facts);
  return rest;
}

function drafted(facts: FactsState): Payload {
  const payload: Payload = { v: PAYLOAD_FORMAT, n: 1, c: facts.createdAt, d: {} };
  facts.writeTo(payload);
  return payload;
}

const payload = (facts: SessionFacts = {}): Payload => drafted(new FactsState(1000, facts));

describe('the facts of a session', () => {
  it('are those that were loaded, until they are changed', () => {
    const facts = new FactsState(1000, payload({ t: 60_000, s: [5, 'ann'] }));
    expect([facts.duration, facts.signIn, facts.handle]).toEqual([60_000, [5, 'ann'], undefined]);
    expect([facts.hasChanges, facts.durationChanged, facts.signsIn]).toEqual([false, false, false]);
    facts.duration = 90_000;
    expect([facts.duration, facts.storedDuration, facts.hasChanges]).toEqual([90_000, 60_000, true]);
    expect(written(facts)).toEqual({ t: 90_000, s: [5, 'ann'] });
  });

  it('can be removed, and are not written then', () => {
    const facts = new FactsState(1000, payload({ t: 60_000, h: 'kept' }));
    facts.duration = undefined;
    facts.handle = undefined;
    expect(written(facts)).toEqual({});
    expect([facts.durationChanged, facts.storedHandle]).toEqual([true, 'kept']);
  });

  it('begin a session when changed, unless only by a lifetime set with last()', () => {
    const lasting = new FactsState(1000, null);
    lasting.last(60_000);
    expect([lasting.hasChanges, written(lasting)]).toEqual([false, { t: 60_000 }]);
    lasting.handle = 'kept';
    expect(lasting.hasChanges).toBe(true);
    lasting.beginAnew(2000);
    lasting.last(60_000);
    expect(lasting.hasChanges).toBe(false);
    const stored = new FactsState(1000, payload());
    stored.last(60_000);
    expect(stored.hasChanges).toBe(true);
  });

  it('are no longer due once stored, except those changed again meanwhile', () => {
    const facts = new FactsState(1000, null);
    facts.duration = 60_000;
    facts.signIn = [5, 'ann'];
    const draft = drafted(facts);
    facts.duration = 90_000;
    facts.onStored(draft);
    expect([facts.hasChanges, facts.durationChanged, facts.signsIn]).toEqual([true, true, false]);
    expect([facts.duration, facts.storedDuration, facts.signIn]).toEqual([90_000, 60_000, [5, 'ann']]);
    facts.onStored(drafted(facts));
    expect([facts.hasChanges, facts.duration]).toEqual([false, 90_000]);
  });

  it.each<[fact: string, change: (facts: FactsState, to: string) => void]>([
    ['lifetime', (facts, to) => (facts.duration = to.length)],
    ['sign-in', (facts, to) => (facts.signIn = [5, to])],
    ['first use by a user', (facts, to) => (facts.userSince = [5, to])],
    ['handle', (facts, to) => (facts.handle = to)],
  ])('are due again if the %s is changed while it is being stored', (_fact, change) => {
    const facts = new FactsState(1000, payload());
    change(facts, 'one');
    const draft = drafted(facts);
    change(facts, 'other');
    facts.onStored(draft);
    expect(facts.hasChanges).toBe(true);
    const next = drafted(facts);
    expect(next).not.toEqual(draft);
    facts.onStored(next);
    expect(facts.hasChanges).toBe(false);
  });

  it('are applied on top of those that another request wrote first', () => {
    const facts = new FactsState(1000, payload({ t: 60_000 }));
    facts.signIn = [9, 'ann'];
    facts.rebase(payload({ t: 90_000, s: [7, 'bob'], h: 'kept' }));
    expect(written(facts)).toEqual({ t: 90_000, s: [9, 'ann'], h: 'kept' });
    expect([facts.storedSignIn, facts.signsIn]).toEqual([[7, 'bob'], true]);
  });

  it('are cleared when the session begins anew, which counts as a change only if it was stored', () => {
    const stored = new FactsState(1000, payload({ t: 60_000, s: [5, 'ann'], h: 'kept' }));
    stored.beginAnew(2000);
    expect([stored.createdAt, stored.hasChanges, written(stored)]).toEqual([2000, true, {}]);
    const fresh = new FactsState(1000, null);
    fresh.duration = 60_000;
    fresh.beginAnew(2000);
    expect([fresh.createdAt, fresh.hasChanges, written(fresh)]).toEqual([2000, false, {}]);
  });
});
