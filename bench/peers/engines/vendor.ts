declare const PEERS_ARE_HERE: boolean;

/** True if the site was built with the peers' code next to this page. */
export const peersAreHere: boolean = PEERS_ARE_HERE;

/**
 * Loads a peer's code, which is served next to the page, on demand. `T` describes the part in use, because this project
 * is type-checked without the peers' packages.
 */
export async function loadVendor<T>(file: string): Promise<T> {
  if (!peersAreHere) throw new Error("this site was built without this peer's code");
  return (await import(/* @vite-ignore */ vendorUrl(file))) as T;
}

/** The URL of a file of a peer. */
export const vendorUrl = (file: string): string => new URL(`vendor/${file}`, document.baseURI).href;
