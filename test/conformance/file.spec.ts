import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDriver } from '../../lib/drivers/file/file.driver.js';
import { filesOf } from '../../lib/drivers/file/session-files.js';
import { describeRecordDriver, StoppedClock } from './conformance.js';

describeRecordDriver('FileDriver', async () => {
  const clock = new StoppedClock();
  const location = await mkdtemp(join(tmpdir(), 'session-files-'));
  const openDriver = async () => {
    const driver = new FileDriver({ location }, clock);
    await driver.open();
    return driver;
  };
  return {
    driver: await openDriver(),
    clock,
    close: () => rm(location, { recursive: true }),
    openSecond: openDriver,
    corrupt: (id) => writeFile(filesOf(location, id).record, Buffer.from([0xff, 0xfe, 0x00, 0x80])),
  };
});
