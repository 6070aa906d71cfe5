import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onCore } from '../server/cores.js';
import type { LoadPlan } from './load.js';

const run = promisify(execFile);

/**
 * wrk repeats one request unless a script supplies others. The script prepares them in advance, so that wrk stays as
 * fast.
 */
function script({ path, cookies }: LoadPlan): string {
  return `
local cookies = { ${cookies.map((cookie) => JSON.stringify(cookie)).join(', ')} }
local requests, at = {}, 0

function init()
  for i, cookie in ipairs(cookies) do
    requests[i] = wrk.format("GET", "/${path}", { ["Host"] = wrk.headers["Host"], ["Cookie"] = cookie })
  end
  if #requests == 0 then requests[1] = wrk.format("GET", "/${path}") end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary)
  local e = summary.errors
  io.write(string.format("answered %d, failed %d", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

export async function loadWithWrk(plan: LoadPlan): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'session-bench-wrk-'));
  try {
    const file = join(folder, 'requests.lua');
    writeFileSync(file, script(plan));
    const [program, ...args] = onCore(1, ['wrk', '-t', '1', '-c', String(plan.connections)]);
    const { stdout } = await run(program, [...args, '-d', `${plan.seconds}s`, '-s', file, plan.url]);
    const [, answered = '0', failed = ''] = /answered (\d+), failed (\d+)/.exec(stdout) ?? [];
    if (failed !== '0') throw new Error(`/${plan.path}: ${failed} of ${answered} requests failed\n${stdout}`);
    return Number(answered);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
