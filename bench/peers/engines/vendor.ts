/**
 * Loads a peer's own code, which the build puts beside the page, when it is wanted and not before. `T` is what we use
 * of it: the peers' packages are not installed where this project is type-checked.
 */
export async function loadVendor<T>(file: string): Promise<T> {
  return (await import(/* @vite-ignore */ vendorUrl(file))) as T;
}

/** The address of a file of a peer. */
export const vendorUrl = (file: string): string => new URL(`vendor/${file}`, document.baseURI).href;
