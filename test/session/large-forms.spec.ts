import { describe, expect, it } from 'vitest';
import { allocated } from '../support/allocated.js';
import { OneStore } from '../support/one-session.js';

/** Half of the names have a dot, with the same text before it. */
function formOf(size: number): Record<string, string> {
  const names = Array.from(
    { length: size },
    (_, index) => `${index % 2 === 0 ? 'address.' : ''}field${index}`,
  );
  return Object.fromEntries(names.map((name) => [name, 'typed']));
}

/** Flashes a form in all possible ways, keeps it for another request and reads it. */
async function fillIn(store: OneStore, form: Record<string, string>): Promise<void> {
  const first = await store.open();
  first.body = () => form;
  await first.session.flashAll().flashAll().flash('errors.email', 'Give an address.').commit();
  await first.session.flashAll().commit();
  for (const name of Object.keys(form)) first.session.flash(`note.${name}`, 'seen');
  const { token } = await first.respond();

  const second = await store.open(token);
  await second.session.reflash().commit();
  const names = Object.keys(form);
  for (const name of names) second.session.keep(name, `note.${name}`);
  await second.respond();

  const third = await store.open(token);
  expect(names.filter((name) => third.session.old(name) !== 'typed')).toEqual([]);
  expect(names.filter((name) => third.session.old(`note.${name}`) !== 'seen')).toEqual([]);
  expect(third.session.old('errors.email')).toBe('Give an address.');
}

/** Several times what a field allocates, and a small part of what a copy of all fields per field would. */
const MAX_A_FIELD = 100_000;

describe('a form of thousands of fields with dots in their names', () => {
  it('allocates memory in proportion to its size, without a copy for each field', async () => {
    const store = await OneStore.start();
    const form = formOf(4000);
    expect((await allocated(() => fillIn(store, form))) / 4000).toBeLessThan(MAX_A_FIELD);
  });

  it('is also read without thousands of its fields in proportional memory', async () => {
    const store = await OneStore.start();
    const { session } = await store.open();
    const form = Object.fromEntries(Object.keys(formOf(4000)).map((name) => [`form.${name}`, 'typed']));
    session.flash(form).flash('form.left', 'typed');
    const names = Object.keys(form);
    const growth = await allocated(async () => {
      await Promise.resolve();
      expect(session.except(names)).toEqual({ form: { address: {}, left: 'typed' } });
    });
    expect(growth / 4000).toBeLessThan(MAX_A_FIELD / 5);
  });
});
