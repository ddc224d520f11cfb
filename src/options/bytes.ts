/** A number of bytes as messages show it: in MiB with one decimal, or in bytes below one MiB. */
export const mebibytes = (bytes: number): string =>
  bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${bytes} bytes`;
