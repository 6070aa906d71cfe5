import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileDriver } from '../../../../lib/drivers/file/file.driver.js';
import type { OpenStore } from '../store.js';

/** The unit of `blocks`, on any file system. */
const blockBytes = 512;

async function bytesOnDisk(folder: string): Promise<number> {
  let bytes = 0;
  for await (const entry of await opendir(folder, { recursive: true })) {
    bytes += (await stat(join(entry.parentPath, entry.name))).blocks * blockBytes;
  }
  return bytes;
}

export const openFile: OpenStore = async (place) => {
  const location = join(place.folder, 'sessions');
  const driver = new FileDriver({ location }, place.clock);
  await driver.open();
  return {
    driver,
    fillWidth: 16,
    size: () => bytesOnDisk(location),
    close: () => driver.close(),
  };
};
