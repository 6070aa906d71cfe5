/** Whether an error is one of the file system's, with one of these codes (`ENOENT`, ...). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}

/** The result of a file operation, or undefined where it fails with one of the codes that were to be expected. */
export async function unless<T>(codes: readonly string[], operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
    return undefined;
  }
}

/** What removing a folder answers where others have put something into it. POSIX allows either. */
export const notEmptyCodes: readonly string[] = ['ENOTEMPTY', 'EEXIST'];

/** What a file system answers that has no room left, for anybody or for this user. */
export const noRoomCodes: readonly string[] = ['ENOSPC', 'EDQUOT'];
