import type { Reporter, TestModule } from 'vitest/node';

/** Prints at the end why tests were skipped, for those that give a reason: `skip(condition, reason)`. */
export class SkipNotes implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        if (result.state !== 'skipped' || result.note === undefined) continue;
        const reason = `${module.relativeModuleId}: ${result.note}`;
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of counts) console.log(`Without ${count} of ${reason}`);
  }
}
