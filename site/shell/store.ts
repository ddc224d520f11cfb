import { sim } from "./sim.ts";

/** What a browser keeps for the page between visits; nothing where storage is full or forbidden, and then no error. */
const storage = (): Storage => {
  if (sim === "no-storage") throw new DOMException("simulated", "SecurityError");
  return localStorage;
};

/** The text kept under a name; undefined where there is none or none may be kept. */
export function kept(name: string): string | undefined {
  try {
    return storage().getItem(`shaderformer-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text under a name, or forgets it; false where the browser does not let it. */
export function keep(name: string, text: string | undefined): boolean {
  try {
    if (text === undefined) storage().removeItem(`shaderformer-${name}`);
    else storage().setItem(`shaderformer-${name}`, text);
    return true;
  } catch {
    return false;
  }
}
