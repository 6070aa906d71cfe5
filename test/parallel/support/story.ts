import type { Event, ModelChange, Trace, View } from './trace.js';

/**
 * What requests did, in the order in which they began, to find out why no order explains the outcome. Contains all that
 * the search for an order knows.
 */
export function storyOf(begin: View, traces: readonly Trace[], end: View | null): string {
  const lines = traces.flatMap(({ events }, index) =>
    events.map((event) => ({ begin: event.begin, index, text: `${nameOf(index)} ${describe(event)}` })),
  );
  lines.sort((left, right) => left.begin - right.begin || left.index - right.index);
  return [
    `At first: ${JSON.stringify(begin)}`,
    ...lines.map(({ text }) => text),
    ...traces.flatMap(({ own }, index) =>
      own === null ? [] : [`${nameOf(index)}, in a session of its own: ${changesOf(own.changes)}`],
    ),
    `In the end: ${end === null ? 'nothing' : JSON.stringify(end)}`,
  ].join('\n');
}

/** The name of a request, which prefixes the values that it stores. */
export function nameOf(index: number): string {
  return String.fromCodePoint(97 + index);
}

function describe(event: Event): string {
  const when = `[${event.begin}..${event.end}]`;
  switch (event.kind) {
    case 'load':
      return `${when} finds ${event.found === null ? 'nothing' : JSON.stringify(event.found)}`;
    case 'destroy':
      return `${when} destroys`;
    case 'commit': {
      const id = event.moves === 'stays' ? '' : `, ${event.moves}s`;
      const came = event.stored === null ? '' : event.stored ? ', stored' : ', dropped';
      return `${when} commits ${changesOf(event.changes)}${id}${came}`;
    }
  }
}

function changesOf(changes: readonly ModelChange[]): string {
  return changes.length === 0 ? 'nothing' : changes.map(changeText).join(', ');
}

function changeText(change: ModelChange): string {
  switch (change.op) {
    case 'put':
    case 'push':
    case 'flash':
      return `${change.op} ${change.key} ${JSON.stringify(change.value)}`;
    case 'append':
      return `append ${change.key} ${JSON.stringify(change.text)}`;
    case 'increment':
      return `increment ${change.key} ${change.by}`;
    case 'forget':
      return `forget ${change.key}`;
    case 'flush':
    case 'keep':
      return change.op;
  }
}
