/** A number of bytes as messages say it: in MiB with one decimal, or in bytes where that is less than one. */
export const mebibytes = (bytes: number): string =>
  bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${bytes} bytes`;
