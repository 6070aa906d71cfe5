/** A barrier: `arrive` resolves once it has been called `count` times. */
export function barrier(count: number): { readonly arrive: () => Promise<void> } {
  let missing = count;
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    arrive: () => {
      missing -= 1;
      if (missing === 0) open();
      return opened;
    },
  };
}
