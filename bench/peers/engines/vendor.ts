declare const PEERS_ARE_HERE: boolean;

/** True where the site was built with the peers' own code next to this page. */
export const peersAreHere: boolean = PEERS_ARE_HERE;

/**
 * Loads a peer's code, which lies next to the page, on demand. `T` is the part that is used: the peers' packages are not
 * installed where this project is type-checked.
 */
export async function loadVendor<T>(file: string): Promise<T> {
  if (!peersAreHere) throw new Error("this site was built without this peer's code");
  return (await import(/* @vite-ignore */ vendorUrl(file))) as T;
}

/** The address of a file of a peer. */
export const vendorUrl = (file: string): string => new URL(`vendor/${file}`, document.baseURI).href;
